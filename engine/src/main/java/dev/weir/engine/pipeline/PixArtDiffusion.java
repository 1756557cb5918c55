package dev.weir.engine.pipeline;

import dev.weir.engine.HostTensor;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.network.ClipOutput;
import dev.weir.engine.pipeline.Component.Use;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * PixArt-alpha and PixArt-Sigma (Chen et al. 2023, arXiv 2310.00426; 2024, arXiv 2403.04692): a transformer that sees the states of T5 of a
 * text's own tokens. They differ in the length of a text, and in what they tell the transformer.
 *
 * @param name of the pipeline
 * @param length the most tokens of a text
 * @param tellsSizes whether the transformer may be told the picture's size
 */
record PixArtDiffusion(String name, String title, int length, boolean tellsSizes) implements PipelineType {

    static final List<PixArtDiffusion> ALL = List.of(
            new PixArtDiffusion("PixArtAlphaPipeline", "PixArt-alpha", 120, true),
            new PixArtDiffusion("PixArtSigmaPipeline", "PixArt-Sigma", 300, false));

    private static final String T5 = "text_encoder";
    private static final String TOKENIZER = "tokenizer";
    private static final String RESOLUTION = "resolution";
    private static final int LATENT_SIDE = 128;
    private static final float GUIDANCE = 4.5f;
    /** A transformer that reads T5's states is not held to the syntaxes of other tools. */
    private static final Set<String> NOT_TAKEN = Set.of("prompt_syntax", "guidance_rescale");

    @Override
    public List<String> classNames() {
        return List.of(name);
    }

    @Override
    public String about() {
        return "%s (%s)".formatted(title, name);
    }

    @Override
    public List<Component> components() {
        return List.of(
                new Component(TOKENIZER, Use.TOKENIZER),
                new Component(T5, Use.TEXT_ENCODER, List.of(TOKENIZER)),
                new Component(TransformerModel.TRANSFORMER, Use.DENOISER, List.of(TransformerModel.SCHEDULER)),
                new Component(TransformerModel.SCHEDULER, Use.SCHEDULER),
                new Component(TransformerModel.VAE, Use.AUTOENCODER));
    }

    @Override
    public List<TextPart> texts() {
        return List.of(new TextPart(T5, TOKENIZER, ClipOutput.MASKED_TRIMMED, OptionalInt.of(length), true));
    }

    @Override
    public int promptTokens() {
        return length;
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        var model = new TransformerModel(index, settings, texts());
        model.require("caption_channels", 0, T5, "d_model");
        model.requireLatents("in_channels", 4, model.latentChannels());
        int usual = model.transformer().side("sample_size", LATENT_SIDE);
        if (!tellsSizes) {
            LatentModel.require(
                    model.transformer(),
                    "use_additional_conditions",
                    model.transformer().json().path("use_additional_conditions").asBoolean(usual == LATENT_SIDE)
                            ? 1
                            : 0,
                    0,
                    "what the pipeline tells the transformer of sizes");
        }
        int patch = model.transformer().count("patch_size", 2);
        Sizes sizes = model.sizes(usual, patch);
        List<StageSpec> stages = List.of(
                StageSpec.encode(List.of(T5)),
                StageSpec.diffuse(TransformerModel.TRANSFORMER, TransformerModel.SCHEDULER),
                StageSpec.decode(TransformerModel.VAE));
        Workflow workflow = new Workflow(Workflow.TEXT_TO_IMAGE, Field.ofText(0), sizes, stages).without(NOT_TAKEN);
        return new Pipeline(this, model.latent(usual), model.scale(), sizes, 1, GUIDANCE, false, List.of(workflow));
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        begin.requirePlainWords();
        Tensors told = begin.taken().stream().anyMatch(input -> input.name().equals(RESOLUTION))
                ? sizes(begin.sample(), begin.card().scale())
                : Tensors.NONE;
        RowStart start = RowStart.fromNoise(begin.sampler(), begin.sample(), begin.noise());
        return new Row(begin.sampler(), start, begin.noise(), begin.guider(told, told));
    }

    private static Tensors sizes(LatentShape latent, int scale) {
        float height = latent.height() * scale;
        float width = latent.width() * scale;
        return Tensors.of(RESOLUTION, HostTensor.of(new float[] {height, width}, 2))
                .with("aspect_ratio", HostTensor.of(new float[] {height / width}, 1));
    }
}
