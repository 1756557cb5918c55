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
import dev.weir.engine.network.LatentSpace;
import dev.weir.engine.network.Networks;
import dev.weir.engine.pipeline.Component.Use;
import dev.weir.engine.sampler.SchedulerConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Text to image in two diffusions (Pernias et al. 2023, arXiv 2306.00637): a prior makes a very small picture of many channels of the
 * prompt, a decoder makes the latent of a picture of it and of the prompt, and Paella's autoencoder decodes this one. Both have been
 * published by themselves, as two repositories.
 */
interface PicturePriorPipeline extends PipelineType {

    String DECODER = "decoder";
    String SCHEDULER = "scheduler";
    String VQGAN = "vqgan";

    /** Its timesteps are the ratios that the networks take. */
    String SCHEDULER_CLASS = "DDPMWuerstchenScheduler";

    /** What the prior made, as the decoder's network calls it. */
    String MADE = "effnet";

    float GUIDANCE = 0;
    int USUAL = 1024;

    /**
     * Picture pixels each way of {@link #CELLS} pixels of what the prior makes. diffusers computes with 42.67 and 10.67 in the place of
     * the quotients, which comes to the same for pictures of whole multiples.
     */
    int PIXELS = 128;

    int CELLS = 3;

    String className();

    /** What the names of the prior's parts begin with. */
    String prior();

    /** What people call it. */
    String family();

    /** As what its prior was published. */
    String repository();

    int priorSteps();

    /** Throws {@link ModelException} where a network is not of the family, or does not fit the text encoder that it reads. */
    void requireFit(PipelineIndex index);

    int decoderChannels(ComponentConfig decoder);

    /** What the networks' configurations call the channels of their samples. */
    String channelsKey();

    /** What the decoder's configuration calls the channels of what the prior made. */
    String madeKey();

    /** How many pixels of a sample, each way, are one at the network's lowest level. */
    int priorCell(ComponentConfig prior);

    int decoderCell(ComponentConfig decoder);

    /** What the prior sees of a port. */
    Tensors embedded(Begin begin, Port port);

    /** What the decoder sees of what the prior made. */
    default float[] seen(float[] made) {
        return made;
    }

    @Override
    default List<String> classNames() {
        return List.of(className());
    }

    default String network() {
        return prior() + TextPrior.NETWORK;
    }

    default String schedule() {
        return prior() + "scheduler";
    }

    @Override
    default List<Component> components() {
        List<Component> components = new ArrayList<>();
        for (TextPart text : texts()) {
            components.add(new Component(text.tokenizer(), Use.TOKENIZER));
            components.add(new Component(text.encoder(), Use.TEXT_ENCODER, List.of(text.tokenizer())));
        }
        components.addAll(List.of(
                new Component(network(), Use.DENOISER, List.of(schedule())),
                new Component(schedule(), Use.SCHEDULER),
                new Component(DECODER, Use.DENOISER, List.of(SCHEDULER)),
                new Component(SCHEDULER, Use.SCHEDULER),
                new Component(VQGAN, Use.AUTOENCODER)));
        return List.copyOf(components);
    }

    @Override
    default LatentShape made(int channels, int height, int width) {
        return new LatentShape(channels, height * CELLS / PIXELS, width * CELLS / PIXELS);
    }

    @Override
    default Pipeline describe(PipelineIndex index, ModelSettings settings) {
        TextPrior.requireThere(index, prior(), family(), repository());
        List<String> encoders = texts().stream().map(TextPart::encoder).toList();
        encoders.forEach(encoder -> LatentModel.requireKnown(index.config(encoder)));
        ComponentConfig embedder = index.config(network());
        ComponentConfig decoder = index.config(DECODER);
        ComponentConfig vqgan = index.config(VQGAN);
        List.of(embedder, decoder, vqgan).forEach(LatentModel::requireKnown);
        requireFit(index);
        int made = decoder.count(madeKey(), 16);
        LatentModel.require(decoder, madeKey(), made, priorChannels(embedder), "what the prior makes");
        LatentSpace latents = Networks.latentSpace(vqgan.json());
        int channels = decoderChannels(decoder);
        LatentModel.require(decoder, channelsKey(), channels, latents.channels(), "the latents of the vqgan");
        requireSides(index, latents.scale());
        SchedulerConfig priorSchedule = LatentModel.requireScheduler(index, schedule(), SCHEDULER_CLASS);
        LatentModel.requireScheduler(index, SCHEDULER, SCHEDULER_CLASS);
        List<Field> fields = new ArrayList<>(List.of(Field.needed("prompt"), Field.of("negative_prompt")));
        fields.addAll(Field.ofGuidance());
        fields.add(Field.priorSteps(priorSchedule.trainTimesteps()).usually(priorSteps()));
        fields.add(Field.priorGuidanceScale());
        int usual = settings.nativeSize().orElse(USUAL);
        var sizes = Sizes.around(usual, PIXELS);
        var workflow = new Workflow(
                Workflow.TEXT_TO_IMAGE,
                List.copyOf(fields),
                sizes,
                List.of(
                        StageSpec.encode(encoders),
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

    static void requireTaken(ComponentConfig network, Set<String> given) {
        Set<String> taken =
                Networks.inputs(network.json()).stream().map(NetworkInput::name).collect(Collectors.toSet());
        if (!taken.equals(given)) {
            throw new ModelException("%s: the network takes %s, and not %s".formatted(network.file(), taken, given));
        }
    }

    /** That pictures of whole multiples have samples of whole pixels at every level, and that both diffusions' sizes fit. */
    private void requireSides(PipelineIndex index, int scale) {
        ComponentConfig embedder = index.config(network());
        int cell = priorCell(embedder);
        if (CELLS % cell != 0) {
            throw new ModelException("%s: samples of multiples of %d pixels, which %d of a picture's %d are not"
                    .formatted(embedder.file(), cell, CELLS, PIXELS));
        }
        ComponentConfig decoder = index.config(DECODER);
        int multiple = scale * decoderCell(decoder);
        if (PIXELS % multiple != 0) {
            throw new ModelException("%s: pictures of multiples of %d pixels, which %d are not"
                    .formatted(decoder.file(), multiple, PIXELS));
        }
        requireNumber(index, DECODER, "latent_dim_scale", (double) PIXELS / CELLS / scale);
        requireNumber(index, network(), "resolution_multiple", (double) PIXELS / CELLS);
    }

    /** A setting of the pipeline that a component was published with, which is rounded there. */
    static void requireNumber(PipelineIndex index, String component, String key, double wanted) {
        double is = index.setting(component, key, wanted);
        if (Math.abs(is - wanted) > 0.01) {
            throw new ModelException("%s: %s is %s; Weir runs %.2f".formatted(index.file(), key, is, wanted));
        }
    }

    @Override
    default Row begin(StageSpec stage, Begin begin) {
        begin.requirePlainWords(); // The text is encoded once for two networks.
        if (!stage.isPrior()) {
            begin.passOverEarlier();
        }
        RowStart start = RowStart.fromNoise(begin.sampler(), begin.sample(), begin.noise());
        return new Row(begin.sampler(), start, begin.noise(), stage.isPrior() ? embed(begin) : decode(begin));
    }

    private Guider embed(Begin begin) {
        Tensors prompt = embedded(begin, Port.COND);
        float scale = begin.request().guidanceScale();
        return ClassifierFreeGuidance.isGuided(scale)
                ? new ClassifierFreeGuidance(prompt, embedded(begin, Port.UNCOND), scale, 0)
                : Guider.none(prompt);
    }

    /** The other branch sees zeros in the place of what the prior made. */
    private Guider decode(Begin begin) {
        HostTensor made = begin.given().get(Port.LATENT.name());
        if (made.rank() != 3) {
            throw new IllegalArgumentException("what the prior made is %s, and no image".formatted(made.shape()));
        }
        return begin.guider(
                Tensors.of(MADE, new HostTensor(made.shape(), seen(made.values()))),
                Tensors.of(MADE, new HostTensor(made.shape(), new float[made.values().length])));
    }
}
