package dev.weir.engine.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComponentConfig;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.network.ClipOutput;
import dev.weir.engine.network.Networks;
import dev.weir.engine.pipeline.Component.Use;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/** Text to image by latent diffusion (Rombach et al. 2022, arXiv 2112.10752), with a text encoder that was trained with it. */
final class PromptedLatentDiffusion implements PipelineType {

    private static final String NAME = "LDMTextToImagePipeline";
    private static final String BERT = "bert";
    private static final String TOKENIZER = "tokenizer";
    private static final String UNET = "unet";
    private static final String SCHEDULER = "scheduler";
    private static final String AUTOENCODER = "vqvae";
    private static final int TOKENS = 77;
    private static final int STEPS = 50;
    private static final float GUIDANCE = 1;
    /** The syntaxes of other tools are of CLIP's words. */
    private static final Set<String> NOT_TAKEN = Set.of("prompt_syntax", "guidance_rescale");

    @Override
    public List<String> classNames() {
        return List.of(NAME);
    }

    @Override
    public String about() {
        return "latent diffusion's text to image (%s)".formatted(NAME);
    }

    @Override
    public List<Component> components() {
        return List.of(
                new Component(TOKENIZER, Use.TOKENIZER),
                new Component(BERT, Use.TEXT_ENCODER, List.of(TOKENIZER)),
                new Component(UNET, Use.DENOISER, List.of(SCHEDULER)),
                new Component(SCHEDULER, Use.SCHEDULER),
                new Component(AUTOENCODER, Use.AUTOENCODER));
    }

    @Override
    public List<TextPart> texts() {
        return List.of(new TextPart(BERT, TOKENIZER, ClipOutput.LAST, OptionalInt.of(TOKENS)));
    }

    /** What Stable Diffusion's pipelines take for the size of old networks is not said of these. */
    @Override
    public JsonNode configured(String component, JsonNode file) {
        return component.equals(UNET) ? ((ObjectNode) file.deepCopy()).without("_diffusers_version") : file;
    }

    @Override
    public int steps(PipelineIndex index) {
        return STEPS;
    }

    @Override
    public int promptTokens() {
        return TOKENS;
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        var model = new LatentModel(index, settings, texts(), UNET, AUTOENCODER);
        model.requireParts(Set.of());
        model.requireNoPicture();
        requireText(model);
        Sizes sizes = model.sizes(1);
        // Between 0 and 1 diffusers guides towards the empty prompt.
        List<Field> fields = Field.guidedFromOne(Field.ofText(0));
        List<StageSpec> stages = List.of(
                StageSpec.encode(List.of(BERT)), StageSpec.diffuse(UNET, SCHEDULER), StageSpec.decode(AUTOENCODER));
        Workflow workflow = new Workflow(Workflow.TEXT_TO_IMAGE, fields, sizes, stages).without(NOT_TAKEN);
        return new Pipeline(this, model.latent(), model.scale(), sizes, 1, GUIDANCE, false, List.of(workflow));
    }

    private static void requireText(LatentModel model) {
        ComponentConfig bert = model.config(BERT);
        if (Networks.inputs(model.unet().json()).stream()
                .noneMatch(input -> input.name().equals(Tensors.ENCODER_HIDDEN_STATES))) {
            throw new ModelException("%s: the UNet takes no states of a text"
                    .formatted(model.unet().file()));
        }
        LatentModel.require(
                model.unet(),
                "cross_attention_dim",
                model.unet().count("cross_attention_dim", 1280),
                bert.count("d_model"),
                "the text encoder's states");
        if (bert.count("max_position_embeddings") < TOKENS) {
            throw new ModelException("%s: max_position_embeddings is %d, and a text has %d tokens"
                    .formatted(bert.file(), bert.count("max_position_embeddings"), TOKENS));
        }
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        begin.requirePlainWords();
        RowStart start = RowStart.fromNoise(begin.sampler(), begin.sample(), begin.noise());
        return new Row(begin.sampler(), start, begin.noise(), begin.guider());
    }
}
