package dev.weir.engine.pipeline;

import dev.weir.engine.ModelException;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.network.Networks;
import dev.weir.engine.sampler.StrengthCount;
import java.util.List;
import java.util.Set;

/**
 * Latent consistency models (Luo et al. 2023, arXiv 2310.04378): a {@link StableDiffusion} that needs few steps. Its UNet takes the
 * guidance scale as an embedding, and no negative prompt.
 */
final class LatentConsistency implements DerivedPipeline {

    private static final String NAME = "LatentConsistencyModelPipeline";
    private static final float GUIDANCE = 8.5f;
    private static final int STEPS = 4;
    /** They steer with the negative prompt. */
    private static final Set<String> OF_PAIRS =
            Set.of("negative_prompt", "guidance_rescale", "guidance_start", "guidance_end", "guidance_reuse");

    private final StableDiffusion base = new StableDiffusion();

    @Override
    public PipelineType base() {
        return base;
    }

    @Override
    public List<String> classNames() {
        return List.of(NAME, "LatentConsistencyModelImg2ImgPipeline");
    }

    @Override
    public String about() {
        return "latent consistency models (%s)".formatted(NAME);
    }

    @Override
    public int steps(PipelineIndex index) {
        return STEPS;
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        Pipeline plain = base.describe(index, settings);
        requireGuidanceEmbedding(base.model(index, settings));
        return plain.of(
                this,
                GUIDANCE,
                plain.workflows().stream()
                        .map(workflow -> ofFewSteps(workflow.without(OF_PAIRS)))
                        .toList());
    }

    /** Its image-to-image pipeline does all steps over a part of the schedule. There is none of its own for inpainting. */
    private static Workflow ofFewSteps(Workflow workflow) {
        return workflow.name().equals(Workflow.IMAGE_TO_IMAGE)
                ? workflow.diffusing(stage -> stage.counting(StrengthCount.ALL_STEPS))
                : workflow;
    }

    private static void requireGuidanceEmbedding(LatentModel model) {
        if (Networks.inputs(model.unet().json()).stream()
                .map(NetworkInput::name)
                .noneMatch(Tensors.TIMESTEP_COND::equals)) {
            throw new ModelException("%s: the UNet takes no guidance scale (time_cond_proj_dim), which %s gives it"
                    .formatted(model.unet().file(), NAME));
        }
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        return base.begin(stage, begin);
    }
}
