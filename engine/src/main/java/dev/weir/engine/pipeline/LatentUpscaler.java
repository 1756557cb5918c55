package dev.weir.engine.pipeline;

import dev.weir.engine.HostTensor;
import dev.weir.engine.ImageCodec;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.image.Filter;
import dev.weir.engine.network.ClipOutput;
import dev.weir.engine.network.Networks;
import dev.weir.engine.sampler.PreconditionedSampler;
import dev.weir.engine.sampler.Sampler;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Stable Diffusion's x2 upscaler of latents: its network sees the picture's latents, enlarged, beside its own, and the pooled state
 * of the prompt beside the timestep.
 */
final class LatentUpscaler implements OneTextPipeline {

    private static final String NAME = "StableDiffusionLatentUpscalePipeline";
    /** {@code hidden_states[-1]} and {@code pooler_output}. */
    private static final ClipOutput TEXT = new ClipOutput(0, false, true);

    private static final String POOLED = "pooler_output";
    private static final int FACTOR = 2;
    private static final int HALF_NOISE_WIDTH = 64;
    private static final float GUIDANCE = 9;
    private static final int STEPS = 75;

    @Override
    public List<String> classNames() {
        return List.of(NAME);
    }

    @Override
    public String about() {
        return "x2 upscalers of Stable Diffusion's latents (%s)".formatted(NAME);
    }

    @Override
    public List<TextPart> texts() {
        return List.of(new TextPart(TEXT_ENCODER, TOKENIZER, TEXT));
    }

    @Override
    public int steps(PipelineIndex index) {
        return STEPS;
    }

    /** The network's condition is no guidance scale. */
    @Override
    public boolean embedsGuidance(List<NetworkInput> taken) {
        return false;
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        var model = model(index, settings);
        model.requireFit(model.latentChannels(), false, 1); // a variance, which is not used
        requireCondition(model);
        var sizes = model.sizes(FACTOR);
        // With 0 diffusers drops the prompt. Here the empty prompt says so.
        List<Field> fields = new ArrayList<>(Field.guidedFromOne(Field.ofText(Field.of("prompt"), 0)));
        fields.add(Field.needed(Field.INIT_IMAGE));
        var stages = OneTextPipeline.stages(StageSpec.see(VAE).reducedBy(FACTOR), StageSpec.diffuse(UNET, SCHEDULER));
        return new Pipeline(
                this,
                model.latent(),
                model.scale(),
                sizes,
                1,
                GUIDANCE,
                false,
                List.of(new Workflow(Workflow.UPSCALING, List.copyOf(fields), sizes, stages)));
    }

    private static void requireCondition(LatentModel model) {
        int width = 2 * HALF_NOISE_WIDTH + model.config(TEXT_ENCODER).count("hidden_size");
        boolean fits = Networks.inputs(model.unet().json()).stream()
                .anyMatch(input -> input.name().equals(Tensors.TIMESTEP_COND)
                        && input.shape().equals(List.of(width)));
        if (!fits) {
            throw new ModelException(
                    "%s: time_cond_proj_dim is not %d, the width of a noise level and the text encoder's pooled state"
                            .formatted(model.unet().file(), width));
        }
    }

    @Override
    public PictureInput input(Sight sight, int scale) {
        return sight.input(Filter.BICUBIC);
    }

    @Override
    public Tensors see(PictureInput input, ImageCodec codec) {
        return SeenPicture.see(input.seen(), codec);
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        begin.requirePlainWords();
        LatentShape sample = begin.sample();
        float[] picture = SeenPicture.drawn(begin, sample.size() / (FACTOR * FACTOR));
        Sampler sampler = new PreconditionedSampler(begin.sampler());
        RowStart start = RowStart.fromNoise(sampler, sample, begin.noise())
                .with(Tensors.of(Tensors.CONCAT, enlarged(picture, sample)));
        return new Row(
                sampler,
                start,
                begin.noise(),
                begin.guider(condition(begin, Port.COND), condition(begin, Port.UNCOND)));
    }

    /** Each latent pixel becomes four. */
    private static HostTensor enlarged(float[] picture, LatentShape shape) {
        int width = shape.width();
        float[] enlarged = new float[shape.size()];
        for (int i = 0; i < enlarged.length; i++) {
            int row = i / width; // of all channels
            enlarged[i] = picture[row / FACTOR * (width / FACTOR) + i % width / FACTOR];
        }
        return HostTensor.of(enlarged, shape.channels(), shape.height(), width);
    }

    /** That no noise was added to the picture, and the prompt's pooled state. */
    private static Tensors condition(Begin begin, Port port) {
        return begin.encoded(port)
                .find(POOLED)
                .map(pooled -> {
                    float[] values = new float[2 * HALF_NOISE_WIDTH + pooled.values().length];
                    Arrays.fill(values, 0, HALF_NOISE_WIDTH, 1);
                    System.arraycopy(pooled.values(), 0, values, 2 * HALF_NOISE_WIDTH, pooled.values().length);
                    return Tensors.of(Tensors.TIMESTEP_COND, HostTensor.of(values, values.length));
                })
                .orElse(Tensors.NONE);
    }
}
