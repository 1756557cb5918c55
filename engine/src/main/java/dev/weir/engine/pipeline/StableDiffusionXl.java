package dev.weir.engine.pipeline;

import dev.weir.engine.HostTensor;
import dev.weir.engine.ImageCodec;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.network.ClipOutput;
import dev.weir.engine.pipeline.Component.Use;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * SDXL (Podell et al. 2023, arXiv 2307.01952): the states of two text encoders side by side, the pooled state of the second, and
 * the size of the picture that the made one stands for.
 */
final class StableDiffusionXl implements PromptedModel {

    static final String TEXT_ENCODER = "text_encoder";
    static final String TEXT_ENCODER_2 = "text_encoder_2";
    static final String TEXT_EMBEDS = "text_embeds";
    static final String TIME_IDS = "time_ids";

    private static final String NAME = "StableDiffusionXLPipeline";
    /** The original size, the crop's corner and the picture's size. */
    private static final int SIZES = 6;

    private static final float GUIDANCE = 5;
    private static final double STRENGTH = 0.3;
    private static final double INPAINTING_STRENGTH = 0.9999;

    @Override
    public List<String> classNames() {
        return List.of(NAME, "StableDiffusionXLInpaintPipeline");
    }

    @Override
    public String about() {
        return "text-to-image models of SDXL (%s)".formatted(NAME);
    }

    @Override
    public List<Component> components() {
        return List.of(
                new Component("tokenizer", Use.TOKENIZER),
                new Component("tokenizer_2", Use.TOKENIZER),
                new Component(TEXT_ENCODER, Use.TEXT_ENCODER, List.of("tokenizer")),
                new Component(TEXT_ENCODER_2, Use.TEXT_ENCODER, List.of("tokenizer_2")),
                new Component("unet", Use.DENOISER, List.of("scheduler")),
                new Component("scheduler", Use.SCHEDULER),
                new Component("vae", Use.AUTOENCODER));
    }

    @Override
    public List<TextPart> texts() {
        return List.of(
                new TextPart(TEXT_ENCODER, "tokenizer", ClipOutput.PENULTIMATE),
                new TextPart(TEXT_ENCODER_2, "tokenizer_2", ClipOutput.PENULTIMATE));
    }

    @Override
    public LatentModel model(PipelineIndex index, ModelSettings settings) {
        return new LatentModel(index, settings, texts(), "unet", "vae");
    }

    @Override
    public Set<String> given() {
        return Set.of(TEXT_EMBEDS, TIME_IDS);
    }

    @Override
    public Pipeline describe(PipelineIndex index, LatentModel model) {
        model.requireInput(
                TEXT_EMBEDS, model.config(TEXT_ENCODER_2).count("projection_dim"), "text_encoder_2's vector");
        model.requireInput(TIME_IDS, SIZES, "the sizes and the crop");
        var sizes = model.sizes(1);
        var workflows = new LatentWorkflows(
                StageSpec.encode(List.of(TEXT_ENCODER, TEXT_ENCODER_2)).taking(Port.IP_ADAPTERS),
                StageSpec.diffuse("unet", "scheduler"),
                StageSpec.decode("vae"),
                STRENGTH,
                INPAINTING_STRENGTH);
        var fields = new ArrayList<>(Field.ofText(model.maxClipSkip()));
        fields.add(Field.of("original_size"));
        fields.add(Field.of("crop"));
        return new Pipeline(
                this,
                model.latent(),
                model.scale(),
                sizes,
                1,
                GUIDANCE,
                index.flag("force_zeros_for_empty_prompt", true),
                workflows.of(model, fields, sizes));
    }

    @Override
    public Tensors see(PictureInput input, ImageCodec codec) {
        return SeenPicture.see(input, codec);
    }

    /** The same size in all rows, as in diffusers where a request names none for the negative prompt. */
    @Override
    public Tensors told(Request request) {
        return Tensors.of(
                TIME_IDS,
                HostTensor.of(
                        new float[] {
                            request.originalHeight(),
                            request.originalWidth(),
                            request.cropTop(),
                            request.cropLeft(),
                            request.height(),
                            request.width()
                        },
                        SIZES));
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        Tensors told = told(begin.request());
        return SeenPicture.begin(begin, begin.guider(told, told));
    }
}
