package dev.weir.engine.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.HostTensor;
import dev.weir.engine.ImageCodec;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.Guider;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.network.ClipOutput;
import dev.weir.engine.pipeline.Component.Use;
import dev.weir.engine.sampler.SchedulerConfig;
import dev.weir.engine.sampler.StrengthCount;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * Flux.1, schnell and dev: a transformer that sees the states of T5 and the pooled state of CLIP. It has no negative prompt: dev takes
 * the guidance scale itself, and schnell has none.
 */
final class Flux1 implements PipelineType {

    private static final String NAME = "FluxPipeline";
    private static final String CLIP = "text_encoder";
    private static final String T5 = "text_encoder_2";
    private static final String POOLED = "pooled_projections";
    private static final String GUIDANCE = "guidance";
    private static final int TOKENS = 512;
    /** Latent pixels of a token each way. */
    private static final int PATCH = 2;

    private static final int LATENT_SIDE = 128;
    private static final float DEV_GUIDANCE = 3.5f;
    private static final int DEV_STEPS = 28;
    private static final int SCHNELL_STEPS = 4;
    private static final double STRENGTH = 0.6;

    @Override
    public List<String> classNames() {
        return List.of(NAME, "FluxImg2ImgPipeline", "FluxInpaintPipeline");
    }

    @Override
    public String about() {
        return "Flux.1 (%s)".formatted(NAME);
    }

    @Override
    public List<Component> components() {
        return List.of(
                new Component("tokenizer", Use.TOKENIZER),
                new Component("tokenizer_2", Use.TOKENIZER),
                new Component(CLIP, Use.TEXT_ENCODER, List.of("tokenizer")),
                new Component(T5, Use.TEXT_ENCODER, List.of("tokenizer_2")),
                new Component(TransformerModel.TRANSFORMER, Use.DENOISER, List.of(TransformerModel.SCHEDULER)),
                new Component(TransformerModel.SCHEDULER, Use.SCHEDULER),
                new Component(TransformerModel.VAE, Use.AUTOENCODER));
    }

    @Override
    public List<TextPart> texts() {
        return List.of(
                new TextPart(CLIP, "tokenizer", ClipOutput.POOLED),
                new TextPart(T5, "tokenizer_2", ClipOutput.LAST, OptionalInt.of(TOKENS)));
    }

    @Override
    public boolean readsOneRow() {
        return true;
    }

    @Override
    public Tensors joined(PipelineIndex index, List<Tensors> parts) {
        return parts.get(1).with(POOLED, parts.get(0).get("pooler_output"));
    }

    @Override
    public int steps(PipelineIndex index) {
        return isGuided(index) ? DEV_STEPS : SCHNELL_STEPS;
    }

    @Override
    public int promptTokens() {
        return TOKENS;
    }

    private static boolean isGuided(PipelineIndex index) {
        return index.config(TransformerModel.TRANSFORMER)
                .json()
                .path("guidance_embeds")
                .asBoolean();
    }

    @Override
    public JsonNode configured(String component, JsonNode file) {
        return component.equals(TransformerModel.VAE) ? TransformerModel.shifted(file) : file;
    }

    @Override
    public SchedulerConfig scheduler(SchedulerConfig file, String indexClass) {
        return file.as(indexClass).withEvenLevels();
    }

    @Override
    public boolean embedsGuidance(List<NetworkInput> taken) {
        return true;
    }

    @Override
    public OptionalInt tokens(LatentShape latent) {
        return OptionalInt.of(TransformerModel.tokens(latent, PATCH));
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        var model = new TransformerModel(index, settings, texts());
        model.require("joint_attention_dim", 4096, T5, "d_model");
        model.require("pooled_projection_dim", 768, CLIP, "hidden_size");
        model.requireLatents("in_channels", 64, model.latentChannels() * PATCH * PATCH);
        boolean guided = isGuided(index);
        List<Field> fields = new ArrayList<>(List.of(Field.needed("prompt")));
        if (guided) {
            fields.add(Field.guidanceScale());
        }
        Sizes sizes = model.sizes(LATENT_SIDE, PATCH);
        var workflows = new LatentWorkflows(
                StageSpec.encode(List.of(CLIP, T5)),
                StageSpec.diffuse(TransformerModel.TRANSFORMER, TransformerModel.SCHEDULER)
                        .guidedBy(1)
                        .counting(StrengthCount.PARTIAL_STEP),
                StageSpec.decode(TransformerModel.VAE),
                STRENGTH,
                STRENGTH);
        return new Pipeline(
                this,
                model.latent(LATENT_SIDE),
                model.scale(),
                sizes,
                1,
                guided ? DEV_GUIDANCE : 1,
                false,
                workflows.ofSampleAlone(fields, sizes));
    }

    @Override
    public Tensors see(PictureInput input, ImageCodec codec) {
        return SeenPicture.see(input, codec);
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        begin.requirePlainWords();
        Tensors prompt = begin.branch(Port.COND);
        if (begin.taken().stream().anyMatch(input -> input.name().equals(GUIDANCE))) {
            prompt = prompt.with(
                    GUIDANCE, HostTensor.of(new float[] {begin.request().guidanceScale()}, 1));
        }
        return SeenPicture.begin(begin, Guider.none(prompt));
    }
}
