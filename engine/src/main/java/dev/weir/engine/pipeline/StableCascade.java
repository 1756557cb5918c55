package dev.weir.engine.pipeline;

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
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.network.ClipOutput;
import dev.weir.engine.network.LatentSpace;
import dev.weir.engine.network.Networks;
import dev.weir.engine.pipeline.Component.Use;
import dev.weir.engine.sampler.SchedulerConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Text to image by Stable Cascade (Pernias et al. 2023, arXiv 2306.00637). A prior makes a very small picture of 16 channels of the
 * prompt, a decoder makes the latent of a picture of it and of the prompt's embedding, and Paella's autoencoder decodes this one. The
 * prior's text encoder serves both: the decoder's is the same.
 *
 * @param className of the pipeline
 * @param prior what the names of the prior's parts begin with
 */
record StableCascade(String className, String prior) implements PipelineType {

    /** The prior's repository in a folder of the decoder's, and both as diffusers writes them in one. */
    static final List<StableCascade> ALL = List.of(
            new StableCascade("StableCascadeDecoderPipeline", "prior/"),
            new StableCascade("StableCascadeCombinedPipeline", "prior_"));

    private static final String DECODER = "decoder";
    private static final String SCHEDULER = "scheduler";
    /** Its timesteps are the ratios that the networks take. */
    private static final String SCHEDULER_CLASS = "DDPMWuerstchenScheduler";

    private static final String VQGAN = "vqgan";
    private static final String REPOSITORY = "stabilityai/stable-cascade-prior";

    /** What the prior made, as the decoder's network calls it. */
    private static final String MADE = "effnet";

    private static final int STEPS = 10;
    private static final int PRIOR_STEPS = 20;
    private static final float GUIDANCE = 0;
    private static final int USUAL = 1024;

    /**
     * Picture pixels each way of {@link #CELLS} pixels of what the prior makes. diffusers computes with 42.67 and 10.67 in the place of
     * the quotients, which comes to the same for pictures of whole multiples.
     */
    private static final int PIXELS = 128;

    private static final int CELLS = 3;

    @Override
    public List<String> classNames() {
        return List.of(className);
    }

    @Override
    public String about() {
        return "text to image with Stable Cascade (StableCascadeDecoderPipeline with its prior)";
    }

    @Override
    public List<Component> components() {
        return List.of(
                new Component(text().tokenizer(), Use.TOKENIZER),
                new Component(text().encoder(), Use.TEXT_ENCODER, List.of(text().tokenizer())),
                new Component(network(), Use.DENOISER, List.of(schedule())),
                new Component(schedule(), Use.SCHEDULER),
                new Component(DECODER, Use.DENOISER, List.of(SCHEDULER)),
                new Component(SCHEDULER, Use.SCHEDULER),
                new Component(VQGAN, Use.AUTOENCODER));
    }

    /** The decoder's own text encoder is the prior's once more, and pictures in a request's place are not seen. */
    @Override
    public Set<String> unused() {
        return Set.of("text_encoder", "tokenizer", prior + "image_encoder", prior + "feature_extractor");
    }

    private TextPart text() {
        return new TextPart(prior + "text_encoder", prior + "tokenizer", ClipOutput.MASKED_UNNORMED);
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
    public int steps(PipelineIndex index) {
        return STEPS;
    }

    @Override
    public LatentShape made(int channels, int height, int width) {
        return new LatentShape(channels, height * CELLS / PIXELS, width * CELLS / PIXELS);
    }

    @Override
    public int priorChannels(ComponentConfig network) {
        return network.count("in_channels", 16);
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        TextPrior.requireThere(index, prior, "Stable Cascade", REPOSITORY);
        ComponentConfig text = index.config(text().encoder());
        ComponentConfig embedder = index.config(network());
        ComponentConfig decoder = index.config(DECODER);
        ComponentConfig vqgan = index.config(VQGAN);
        List.of(text, embedder, decoder, vqgan).forEach(LatentModel::requireKnown);
        int pooled = text.count("projection_dim", 512);
        requireTaken(embedder, Set.of("text_embeds", Tensors.ENCODER_HIDDEN_STATES, Tensors.IMAGE_EMBEDS));
        LatentModel.require(
                embedder,
                "clip_text_in_channels",
                embedder.count("clip_text_in_channels"),
                text.count("hidden_size"),
                "the states of its text encoder");
        requireTaken(decoder, Set.of("text_embeds", MADE));
        for (ComponentConfig network : List.of(embedder, decoder)) {
            int width = network.count("clip_text_pooled_in_channels", 1280);
            LatentModel.require(
                    network, "clip_text_pooled_in_channels", width, pooled, "the embedding of the text encoder");
        }
        int made = priorChannels(embedder);
        LatentModel.require(
                decoder, "effnet_in_channels", decoder.count("effnet_in_channels"), made, "what the prior makes");
        LatentSpace latents = Networks.latentSpace(vqgan.json());
        int channels = decoder.count("in_channels", 16);
        LatentModel.require(decoder, "in_channels", channels, latents.channels(), "the latents of the vqgan");
        requireSides(index, decoder, latents.scale());
        SchedulerConfig priorSchedule = LatentModel.requireScheduler(index, schedule(), SCHEDULER_CLASS);
        LatentModel.requireScheduler(index, SCHEDULER, SCHEDULER_CLASS);
        List<Field> fields = new ArrayList<>(List.of(Field.needed("prompt"), Field.of("negative_prompt")));
        fields.addAll(Field.ofGuidance());
        fields.add(Field.priorSteps(priorSchedule.trainTimesteps()).usually(PRIOR_STEPS));
        fields.add(Field.priorGuidanceScale());
        int usual = settings.nativeSize().orElse(USUAL);
        var sizes = Sizes.around(usual, PIXELS);
        var workflow = new Workflow(
                Workflow.TEXT_TO_IMAGE,
                List.copyOf(fields),
                sizes,
                List.of(
                        StageSpec.encode(List.of(text().encoder())),
                        StageSpec.prior(network(), schedule()).taking(Port.UNCOND),
                        StageSpec.diffuse(DECODER, SCHEDULER).taking(Port.LATENT),
                        StageSpec.decode(VQGAN)));
        int side = usual / latents.scale();
        return new Pipeline(
                this,
                new LatentShape(channels, side, side),
                latents.scale(),
                sizes,
                1,
                GUIDANCE,
                false,
                List.of(workflow));
    }

    private static void requireTaken(ComponentConfig network, Set<String> given) {
        Set<String> taken =
                Networks.inputs(network.json()).stream().map(NetworkInput::name).collect(Collectors.toSet());
        if (!taken.equals(given)) {
            throw new ModelException("%s: the network takes %s, and not %s".formatted(network.file(), taken, given));
        }
    }

    /** That pictures of whole multiples have samples of whole pixels at every level, and that both diffusions' sizes fit. */
    private void requireSides(PipelineIndex index, ComponentConfig decoder, int scale) {
        ComponentConfig embedder = index.config(network());
        if (CELLS % cell(embedder) != 0) {
            throw new ModelException("%s: samples of multiples of %d pixels, which %d of a picture's %d are not"
                    .formatted(embedder.file(), cell(embedder), CELLS, PIXELS));
        }
        int multiple = scale * cell(decoder);
        if (PIXELS % multiple != 0) {
            throw new ModelException("%s: pictures of multiples of %d pixels, which %d are not"
                    .formatted(decoder.file(), multiple, PIXELS));
        }
        requireScale(index, DECODER, "latent_dim_scale", (double) PIXELS / CELLS / scale);
        requireScale(index, network(), "resolution_multiple", (double) PIXELS / CELLS);
    }

    /** Pixels of a sample, each way, that are one at the network's lowest level. */
    private static int cell(ComponentConfig network) {
        int halvings =
                network.json().hasNonNull("switch_level") ? 0 : network.halvings(); // Switched levels keep their sides.
        return network.count("patch_size", 1) << halvings;
    }

    private static void requireScale(PipelineIndex index, String component, String key, double wanted) {
        double is = index.setting(component, key, wanted);
        if (Math.abs(is - wanted) > 0.01) {
            throw new ModelException("%s: %s is %s; Weir runs %.2f".formatted(index.file(), key, is, wanted));
        }
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        begin.requirePlainWords(); // The text is encoded once for two networks.
        if (!stage.isPrior()) {
            begin.passOverEarlier();
        }
        RowStart start = RowStart.fromNoise(begin.sampler(), begin.sample(), begin.noise());
        return new Row(begin.sampler(), start, begin.noise(), stage.isPrior() ? embed(begin) : decode(begin));
    }

    /** No picture stands beside the prompt. */
    private static Guider embed(Begin begin) {
        int width = begin.taken().stream()
                .filter(input -> input.name().equals(Tensors.IMAGE_EMBEDS))
                .mapToInt(input -> input.shape().get(0))
                .findFirst()
                .orElseThrow();
        Tensors nothing = Tensors.of(Tensors.IMAGE_EMBEDS, HostTensor.of(new float[width], width));
        Tensors prompt = begin.branch(Port.COND).with(nothing);
        float scale = begin.request().guidanceScale();
        return ClassifierFreeGuidance.isGuided(scale)
                ? new ClassifierFreeGuidance(prompt, begin.branch(Port.UNCOND).with(nothing), scale, 0)
                : Guider.none(prompt);
    }

    /** The other branch sees zeros in the place of what the prior made. */
    private static Guider decode(Begin begin) {
        HostTensor made = begin.given().get(Port.LATENT.name());
        if (made.rank() != 3) {
            throw new IllegalArgumentException("what the prior made is %s, and no image".formatted(made.shape()));
        }
        float[] zeros = new float[made.values().length];
        return begin.guider(
                Tensors.of(MADE, made),
                Tensors.of(MADE, HostTensor.of(zeros, made.side(0), made.side(1), made.side(2))));
    }
}
