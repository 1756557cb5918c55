package dev.weir.engine.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.HostTensor;
import dev.weir.engine.ImageCodec;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.network.ClipOutput;
import dev.weir.engine.pipeline.Component.Use;
import dev.weir.engine.sampler.StrengthCount;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Stable Diffusion 3 and 3.5 (Esser et al. 2024, arXiv 2403.03206): a transformer that sees the states of two CLIP encoders side by
 * side, followed by those of T5. Folders may leave T5 out: its states are zeros then.
 */
record StableDiffusionThree(boolean withT5) implements PipelineType {

    static final List<StableDiffusionThree> ALL =
            List.of(new StableDiffusionThree(true), new StableDiffusionThree(false));

    private static final String NAME = "StableDiffusion3Pipeline";
    private static final String CLIP_L = "text_encoder";
    private static final String CLIP_G = "text_encoder_2";
    private static final String T5 = "text_encoder_3";
    private static final String POOLED = "pooled_projections";
    private static final String EMBEDS = "text_embeds";
    private static final int TOKENS = 256;
    private static final int CLIP_TOKENS = 77;
    private static final int PATCH = 2;
    private static final int LATENT_SIDE = 128;
    private static final int STATES_WIDTH = 4096;
    private static final float GUIDANCE = 7;
    private static final int STEPS = 28;
    private static final double STRENGTH = 0.6;
    /** A transformer that reads several texts is not held to the syntaxes of other tools. */
    private static final Set<String> NOT_TAKEN = Set.of("prompt_syntax", "guidance_rescale");

    @Override
    public List<String> classNames() {
        return List.of(NAME, "StableDiffusion3Img2ImgPipeline", "StableDiffusion3InpaintPipeline");
    }

    @Override
    public boolean fits(PipelineIndex index) {
        return withT5 != index.classOf(T5).isEmpty();
    }

    @Override
    public String about() {
        return "Stable Diffusion 3 and 3.5 (%s)".formatted(NAME);
    }

    @Override
    public List<Component> components() {
        return Stream.of(
                        Stream.of(
                                new Component("tokenizer", Use.TOKENIZER),
                                new Component("tokenizer_2", Use.TOKENIZER),
                                new Component(CLIP_L, Use.TEXT_ENCODER, List.of("tokenizer")),
                                new Component(CLIP_G, Use.TEXT_ENCODER, List.of("tokenizer_2"))),
                        Stream.of(
                                        new Component("tokenizer_3", Use.TOKENIZER),
                                        new Component(T5, Use.TEXT_ENCODER, List.of("tokenizer_3")))
                                .filter(component -> withT5),
                        Stream.of(
                                new Component(
                                        TransformerModel.TRANSFORMER,
                                        Use.DENOISER,
                                        List.of(TransformerModel.SCHEDULER)),
                                new Component(TransformerModel.SCHEDULER, Use.SCHEDULER),
                                new Component(TransformerModel.VAE, Use.AUTOENCODER)))
                .flatMap(part -> part)
                .toList();
    }

    @Override
    public List<TextPart> texts() {
        List<TextPart> texts = new ArrayList<>(List.of(
                new TextPart(CLIP_L, "tokenizer", ClipOutput.PENULTIMATE),
                new TextPart(CLIP_G, "tokenizer_2", ClipOutput.PENULTIMATE)));
        if (withT5) {
            texts.add(new TextPart(T5, "tokenizer_3", ClipOutput.LAST, OptionalInt.of(TOKENS)));
        }
        return texts;
    }

    @Override
    public boolean readsOneRow() {
        return true;
    }

    @Override
    public Tensors joined(PipelineIndex index, List<Tensors> parts) {
        HostTensor clip = JoinedTextEncoder.sideBySide(parts.subList(0, 2)).get(Tensors.ENCODER_HIDDEN_STATES);
        int width = index.config(TransformerModel.TRANSFORMER).count("joint_attention_dim", STATES_WIDTH);
        float[] t5 =
                withT5 ? parts.get(2).get(Tensors.ENCODER_HIDDEN_STATES).values() : new float[clip.side(0) * width];
        float[] values = new float[clip.side(0) * width + t5.length];
        for (int token = 0; token < clip.side(0); token++) {
            System.arraycopy(clip.values(), token * clip.side(1), values, token * width, clip.side(1));
        }
        System.arraycopy(t5, 0, values, clip.side(0) * width, t5.length);
        return Tensors.of(Tensors.ENCODER_HIDDEN_STATES, HostTensor.of(values, values.length / width, width))
                .with(
                        POOLED,
                        oneAfterTheOther(parts.get(0).get(EMBEDS), parts.get(1).get(EMBEDS)));
    }

    private static HostTensor oneAfterTheOther(HostTensor first, HostTensor second) {
        float[] values = new float[first.values().length + second.values().length];
        System.arraycopy(first.values(), 0, values, 0, first.values().length);
        System.arraycopy(second.values(), 0, values, first.values().length, second.values().length);
        return HostTensor.of(values, values.length);
    }

    @Override
    public int steps(PipelineIndex index) {
        return STEPS;
    }

    @Override
    public int promptTokens() {
        return CLIP_TOKENS + (withT5 ? TOKENS : CLIP_TOKENS);
    }

    @Override
    public JsonNode configured(String component, JsonNode file) {
        return component.equals(TransformerModel.VAE) ? TransformerModel.shifted(file) : file;
    }

    @Override
    public OptionalInt tokens(LatentShape latent) {
        return OptionalInt.of(TransformerModel.tokens(latent, PATCH));
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        var model = new TransformerModel(index, settings, texts());
        int pooled = index.config(CLIP_L).count("projection_dim")
                + index.config(CLIP_G).count("projection_dim");
        LatentModel.require(
                model.transformer(),
                "pooled_projection_dim",
                model.transformer().count("pooled_projection_dim", 2048),
                pooled,
                "the vectors of both CLIPs");
        if (withT5) {
            model.require("joint_attention_dim", STATES_WIDTH, T5, "d_model");
        }
        model.requireLatents("in_channels", 16, model.latentChannels());
        int usual = model.transformer().side("sample_size", LATENT_SIDE);
        LatentModel.require(
                model.transformer(),
                "patch_size",
                model.transformer().count("patch_size", PATCH),
                PATCH,
                "the pipeline's packing");
        Sizes sizes = model.sizes(usual, PATCH)
                .upTo(model.transformer().count("pos_embed_max_size", 96) * PATCH * model.scale());
        List<String> encoders = texts().stream().map(TextPart::encoder).toList();
        var all = new LatentWorkflows(
                StageSpec.encode(encoders),
                StageSpec.diffuse(TransformerModel.TRANSFORMER, TransformerModel.SCHEDULER)
                        .counting(StrengthCount.PARTIAL_STEP),
                StageSpec.decode(TransformerModel.VAE),
                STRENGTH,
                STRENGTH);
        List<Workflow> workflows = all.ofSampleAlone(Field.ofText(0), sizes).stream()
                .map(workflow -> workflow.without(NOT_TAKEN))
                .toList();
        return new Pipeline(this, model.latent(usual), model.scale(), sizes, 1, GUIDANCE, false, workflows);
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
