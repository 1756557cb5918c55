package dev.weir.engine.pipeline;

import dev.weir.engine.ImageCodec;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.sampler.SchedulerConfig;
import java.util.List;

/** Stable Diffusion 1.x and 2.x, and models of the same parts with another text encoder. */
final class StableDiffusion implements OneTextPipeline, PromptedModel {

    private static final String NAME = "StableDiffusionPipeline";

    private static final float CLIP_GUIDANCE = 7.5f;
    private static final float OTHER_GUIDANCE = 4;
    private static final double STRENGTH = 0.8;

    @Override
    public List<String> classNames() {
        return List.of(NAME, "StableDiffusionImg2ImgPipeline", "StableDiffusionInpaintPipeline");
    }

    @Override
    public String about() {
        return "text-to-image models of Stable Diffusion 1.x and 2.x (%s)".formatted(NAME);
    }

    @Override
    public LatentModel model(PipelineIndex index, ModelSettings settings) {
        return OneTextPipeline.super.model(index, settings);
    }

    @Override
    public Pipeline describe(PipelineIndex index, LatentModel model) {
        var sizes = model.sizes(1);
        var workflows = new LatentWorkflows(
                StageSpec.encode(List.of(TEXT_ENCODER)).taking(Port.IP_ADAPTERS),
                StageSpec.diffuse(UNET, SCHEDULER),
                StageSpec.decode(VAE),
                STRENGTH,
                1);
        boolean clip = index.classOf(TEXT_ENCODER).startsWith("CLIP");
        return new Pipeline(
                this,
                model.latent(),
                model.scale(),
                sizes,
                1,
                clip ? CLIP_GUIDANCE : OTHER_GUIDANCE,
                false,
                workflows.of(model, Field.ofText(model.maxClipSkip()), sizes));
    }

    @Override
    public SchedulerConfig scheduler(SchedulerConfig file, String indexClass) {
        return file.corrected(indexClass);
    }

    @Override
    public Tensors see(PictureInput input, ImageCodec codec) {
        return SeenPicture.see(input, codec);
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        return SeenPicture.begin(begin, begin.guider());
    }
}
