package dev.weir.engine.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComponentConfig;
import dev.weir.engine.HostTensor;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.ClassifierFreeGuidance;
import dev.weir.engine.diffusion.Guider;
import dev.weir.engine.diffusion.PairedGuidance;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.network.ClipOutput;
import dev.weir.engine.network.Networks;
import dev.weir.engine.pipeline.Component.Use;
import dev.weir.engine.sampler.Samplers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Text to image by Kandinsky 2.2 (Razzhigaev et al. 2023, arXiv 2310.03502). A prior makes the embedding of a picture of the prompt, the
 * decoder's network sees this embedding and no text, and MoVQ makes the picture. A negative prompt has an embedding too, which the prior
 * makes in the same run; where there is none, it is that of a picture of zeros.
 *
 * @param className of the pipeline
 * @param prior what the names of the prior's parts begin with
 */
record Kandinsky22(String className, String prior) implements PipelineType {

    /** The prior's repository in a folder of the decoder's, and both as diffusers writes them in one. */
    static final List<Kandinsky22> ALL = List.of(
            new Kandinsky22("KandinskyV22Pipeline", "prior/"),
            new Kandinsky22("KandinskyV22CombinedPipeline", "prior_"));

    private static final String MOVQ = "movq";
    private static final String REPOSITORY = "kandinsky-community/kandinsky-2-2-prior";
    private static final float GUIDANCE = 4;
    private static final int STEPS = 100;
    private static final int LEAST_PRIOR_STEPS = 2;

    @Override
    public List<String> classNames() {
        return List.of(className);
    }

    @Override
    public String about() {
        return "text to image with Kandinsky 2.2 (KandinskyV22Pipeline with its prior)";
    }

    @Override
    public List<Component> components() {
        return List.of(
                new Component(text().tokenizer(), Use.TOKENIZER),
                new Component(text().encoder(), Use.TEXT_ENCODER, List.of(text().tokenizer())),
                new Component(seeing().processor(), Use.IMAGE_PROCESSOR),
                new Component(seeing().encoder(), Use.IMAGE_ENCODER, List.of(seeing().processor())),
                new Component(network(), Use.DENOISER, List.of(schedule())),
                new Component(schedule(), Use.SCHEDULER),
                new Component(OneTextPipeline.UNET, Use.DENOISER, List.of(OneTextPipeline.SCHEDULER)),
                new Component(OneTextPipeline.SCHEDULER, Use.SCHEDULER),
                new Component(MOVQ, Use.AUTOENCODER));
    }

    private TextPart text() {
        return new TextPart(prior + "text_encoder", prior + "tokenizer", ClipOutput.TRIMMED);
    }

    private VisionPart seeing() {
        return new VisionPart(prior + "image_encoder", prior + "image_processor", Optional.empty());
    }

    private String network() {
        return prior + TextPrior.NETWORK;
    }

    private String schedule() {
        return prior + "scheduler";
    }

    @Override
    public List<TextPart> texts() {
        return List.of(text());
    }

    @Override
    public Optional<VisionPart> absentPrompt() {
        return Optional.of(seeing());
    }

    @Override
    public int steps(PipelineIndex index) {
        return STEPS;
    }

    /** The pipeline decodes latents as they are. */
    @Override
    public JsonNode configured(String component, JsonNode file) {
        return component.equals(MOVQ)
                ? ((ObjectNode) file.deepCopy()).put("scaling_factor", 1).put("force_not_quantize", true)
                : file;
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        TextPrior.requireThere(index, prior, "Kandinsky 2.2", REPOSITORY);
        var model = new LatentModel(index, settings, texts(), OneTextPipeline.UNET, MOVQ);
        ComponentConfig embedder = model.config(network());
        TextPrior.requireFit(embedder, model.config(text().encoder()));
        int width = TextPrior.width(embedder);
        LatentModel.requireKnown(model.config(MOVQ));
        ComponentConfig vision = model.config(seeing().encoder());
        LatentModel.requireKnown(vision);
        LatentModel.require(vision, "projection_dim", vision.count("projection_dim"), width, "the prior's embedding");
        // The network predicts a variance too.
        model.requireParts(Set.of(Tensors.IMAGE_EMBEDS), 0, false, model.latentChannels());
        requireEmbedding(model.unet(), width);
        var priorSchedule = index.scheduler(schedule());
        Samplers.defaultName(priorSchedule);
        List<Field> fields = new ArrayList<>(List.of(Field.needed("prompt"), Field.of("negative_prompt")));
        fields.addAll(Field.ofGuidance());
        fields.add(Field.priorSteps(priorSchedule.trainTimesteps()).atLeast(LEAST_PRIOR_STEPS));
        fields.add(Field.priorGuidanceScale());
        var sizes = model.sizes(1);
        var workflow = new Workflow(
                Workflow.TEXT_TO_IMAGE,
                List.copyOf(fields),
                sizes,
                List.of(
                        StageSpec.encode(List.of(text().encoder(), seeing().encoder())),
                        StageSpec.prior(network(), schedule()).taking(Port.UNCOND),
                        StageSpec.diffuse(OneTextPipeline.UNET, OneTextPipeline.SCHEDULER)
                                .taking(Port.LATENT),
                        StageSpec.decode(MOVQ)));
        return new Pipeline(this, model.latent(), model.scale(), sizes, 1, GUIDANCE, false, List.of(workflow));
    }

    private static void requireEmbedding(ComponentConfig unet, int width) {
        List<NetworkInput> taken = Networks.inputs(unet.json()).stream()
                .filter(input -> !input.name().equals(Tensors.CONCAT))
                .toList();
        boolean isTold = taken.size() == 1
                && taken.get(0).name().equals(Tensors.IMAGE_EMBEDS)
                && taken.get(0).shape().equals(List.of(width));
        if (!isTold) {
            throw new ModelException(("%s: the UNet takes %s, and not image_embeds of %d, the prior's embedding, alone "
                            + "(encoder_hid_dim_type image_proj, addition_embed_type image, encoder_hid_dim)")
                    .formatted(
                            unet.file(), taken.stream().map(NetworkInput::name).toList(), width));
        }
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        begin.requirePlainWords(); // The prior makes one embedding of the prompt.
        return stage.isPrior() ? embed(begin) : decode(begin);
    }

    /** diffusers draws the noise of both samples in one go. */
    private static Row embed(Begin begin) {
        float scale = begin.request().guidanceScale();
        Tensors prompt = TextPrior.inputs(begin.encoded(Port.COND));
        Tensors encoded = begin.encoded(Port.UNCOND);
        boolean isGuided = ClassifierFreeGuidance.isGuided(scale);
        if (!isGuided && encoded.byName().isEmpty()) {
            return row(begin, 1, Guider.none(prompt));
        }
        Tensors negative = TextPrior.inputs(encoded);
        Guider guider = isGuided ? new ClassifierFreeGuidance(prompt, negative, scale, 0) : Guider.none(prompt);
        return encoded.has(Tensors.IMAGE_EMBEDS)
                ? row(begin, 1, guider)
                : row(begin, 2, new PairedGuidance(guider, negative));
    }

    private static Row row(Begin begin, int samples, Guider guider) {
        var shape = new LatentShape(samples * begin.sample().size(), 1, 1);
        RowStart start = RowStart.fromNoise(begin.sampler(), shape, begin.noise());
        return new Row(begin.sampler(), start, begin.noise(), guider);
    }

    private static Row decode(Begin begin) {
        float[] made = begin.given().get(Port.LATENT.name()).values();
        begin.passOverPrior(made.length);
        int width = begin.taken().stream()
                .filter(input -> input.name().equals(Tensors.IMAGE_EMBEDS))
                .mapToInt(input -> input.shape().get(0))
                .findFirst()
                .orElseThrow();
        Tensors negative = made.length > width ? embedding(Arrays.copyOfRange(made, width, 2 * width)) : Tensors.NONE;
        RowStart start = RowStart.fromNoise(begin.sampler(), begin.sample(), begin.noise());
        return new Row(
                begin.sampler(), start, begin.noise(), begin.guider(embedding(Arrays.copyOf(made, width)), negative));
    }

    private static Tensors embedding(float[] values) {
        return Tensors.of(Tensors.IMAGE_EMBEDS, HostTensor.of(values, values.length));
    }
}
