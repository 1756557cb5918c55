package dev.weir.engine;

import dev.weir.engine.adapter.AdaptedParts;
import dev.weir.engine.adapter.IpAdapter;
import dev.weir.engine.adapter.Lora;
import dev.weir.engine.control.ControlNet;
import dev.weir.engine.control.Steering;
import dev.weir.engine.image.FramePreview;
import dev.weir.engine.image.LatentPreview;
import dev.weir.engine.inversion.Embedding;
import dev.weir.engine.network.Networks;
import dev.weir.engine.pipeline.Component;
import dev.weir.engine.pipeline.EmbeddingNoise;
import dev.weir.engine.pipeline.Pipeline;
import dev.weir.engine.pipeline.Role;
import dev.weir.engine.pipeline.StageSpec;
import dev.weir.engine.pipeline.TextPart;
import dev.weir.engine.pipeline.VisionPart;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.SchedulerConfig;
import dev.weir.engine.weights.ComponentWeights;
import dev.weir.engine.weights.FittingFiles;
import dev.weir.engine.weights.Weights;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A model that Weir runs, of a diffusers folder or of one file: what it says of itself, and the parts that its stages open, each by
 * itself.
 *
 * <p>Opening it reads configurations and no weights. Immutable; any thread. Whoever opens a part
 * closes it. {@link ModelReport} says in full what is wrong with a model that does not open.
 */
public final class ModelFolder {

    private final PipelineIndex index;
    private final Pipeline pipeline;
    private final ModelCard card;
    private final Optional<FramePreview> latentPreview;
    private final Optional<Path> tinyAutoencoder;
    private final Optional<Path> draft;
    private final FittingFiles<Lora> loras;
    private final FittingFiles<ControlNet> controlNets;
    private final FittingFiles<Embedding> embeddings;
    private final FittingFiles<IpAdapter> ipAdapters;
    private final FittingFiles<UpscalerFile> upscalers;
    private final Map<Integer, List<Samplers.Choice>> samplers = new ConcurrentHashMap<>();
    private Map<String, String> fingerprints;

    private ModelFolder(PipelineIndex index, Optional<String> sampler, List<Path> tinyAutoencoders, AddOns addOns) {
        index.requireSupported();
        index.source().requireReadable(index);
        this.index = index;
        ModelSettings settings = index.source().settings();
        this.draft = settings.draft();
        this.pipeline = index.type().describe(index, settings);
        this.card = CardReader.read(index, pipeline, settings, sampler);
        this.latentPreview = directCodec()
                .map(DirectCodec::preview)
                .or(() -> LatentPreview.of(index.source().folder()).map(preview -> preview));
        this.tinyAutoencoder = autoencoder()
                .flatMap(vae -> TinyAutoencoder.find(index.source().folder(), index.home(vae), tinyAutoencoders));
        this.loras = addOns.loras(index, pipeline, card);
        this.controlNets = addOns.controlNets(index, pipeline, card);
        this.embeddings = addOns.embeddings(index, card);
        this.ipAdapters = addOns.ipAdapters(index, pipeline, card);
        this.upscalers = addOns.upscalers(card);
    }

    /** Throws {@link ModelException} that says what the path is, and why Weir does not run it. */
    public static ModelFolder open(Path path) {
        return open(path, Optional.empty());
    }

    /** See {@link #open(Path, Optional, List, Optional)}. */
    public static ModelFolder open(Path path, Optional<String> sampler) {
        return open(path, sampler, List.of());
    }

    /** See {@link #open(Path, Optional, List, Optional)}. */
    public static ModelFolder open(Path path, Optional<String> sampler, List<Path> tinyAutoencoders) {
        return open(path, sampler, tinyAutoencoders, Optional.empty());
    }

    /**
     * See {@link #open(Path)}.
     *
     * @param sampler for requests that name none; empty: what the model says
     * @param tinyAutoencoders folders of which one may decode frames of the model
     * @param autoencoder a file or folder that decodes in place of the model's own; empty: what the model says
     */
    public static ModelFolder open(
            Path path, Optional<String> sampler, List<Path> tinyAutoencoders, Optional<Path> autoencoder) {
        return open(path, sampler, tinyAutoencoders, autoencoder, AddOns.NONE);
    }

    /** See {@link #open(Path, Optional, List, Optional)}. Reads the names and shapes of the files beside the model. */
    public static ModelFolder open(
            Path path,
            Optional<String> sampler,
            List<Path> tinyAutoencoders,
            Optional<Path> autoencoder,
            AddOns addOns) {
        return OtherAutoencoder.opened(
                ModelSources.open(path, autoencoder),
                source -> new ModelFolder(PipelineIndex.read(source), sampler, tinyAutoencoders, addOns));
    }

    public ModelCard card() {
        return card;
    }

    /** Its stages, and the ways to make a picture with them. */
    public Pipeline pipeline() {
        return pipeline;
    }

    /**
     * By part (text_encoder, unet, upsampler/unet, vae), a digest that differs if another folder's part has other weights or
     * configurations. Of large parts samples are read, about 100 MiB of cold disk at most; the first call takes that time.
     */
    public synchronized Map<String, String> fingerprints() {
        if (fingerprints == null) {
            fingerprints = Fingerprints.of(index, pipeline);
        }
        return fingerprints;
    }

    /**
     * Of the parts that text states depend on; empty if the folder has none. Takes a while where there are many embeddings.
     *
     * @param known the embeddings that the text encoder reads
     */
    public String textEncoderFingerprint(Map<String, Embedding> known) {
        String parts = Stream.concat(
                        TextEncoders.texts(index).map(TextPart::encoder),
                        pipeline.type().absentPrompt().map(VisionPart::encoder).stream())
                .map(encoder -> fingerprints().getOrDefault(encoder, ""))
                .collect(Collectors.joining());
        return known.isEmpty() ? parts : parts + Fingerprints.of(known);
    }

    /** What it needs of memory in a precision. Reads the headers of the weights. */
    public ModelMemory memory(ComputeTarget.Precision precision) {
        return ModelMemory.of(index, pipeline, precision);
    }

    /** What the networks among some of its parts need of memory. Reads the headers of their weights. */
    public long weightBytes(Collection<String> components, ComputeTarget.Precision precision) {
        return ModelMemory.weights(index, components, precision);
    }

    /** Throws {@link ModelException} that names what is wrong with its files, like every method that opens a part. */
    public TextEncoder textEncoder(ComputeTarget target) {
        return textEncoder(target, embeddings.byName());
    }

    /** See {@link #textEncoder(ComputeTarget)}. It reads these embeddings until {@link TextEncoder#prepareWords} gives it others. */
    public TextEncoder textEncoder(ComputeTarget target, Map<String, Embedding> known) {
        TextEncoder encoder = new TextEncoders(index, pipeline, embeddings.isWatched()).open(target);
        try {
            encoder.prepareWords(known.values()).run();
            return encoder;
        } catch (RuntimeException e) {
            encoder.close();
            throw e;
        }
    }

    /** The textual inversions that prompts may name. They change as files come and go. */
    public FittingFiles<Embedding> embeddings() {
        return embeddings;
    }

    /** What sees a request's picture as CLIP does, in a model that has such a network. */
    public ImageEncoder imageEncoder(ComputeTarget target) {
        return new VisionParts(index).encoder(pipeline.type().vision().orElseThrow(), target);
    }

    /** What adds noise to the embedding that a prior makes; empty in a model without a prior. */
    public Optional<EmbeddingNoise> priorNoise() {
        return pipeline.type().priorNoise().map(new VisionParts(index)::noise);
    }

    /** The network of the main diffusing stage. */
    public Denoiser denoiser(ComputeTarget target) {
        return network(pipeline.main(), target);
    }

    /** The network of a diffusing stage. */
    public Denoiser network(StageSpec stage, ComputeTarget target) {
        boolean isMain = stage.equals(pipeline.main());
        Steering steering = isMain && controlNets.isWatched() ? Steering.BOTH : Steering.NONE;
        boolean seesImages = isMain && ipAdapters.isWatched();
        NetworkParts parts = new NetworkParts(index, target, steering, seesImages);
        Denoiser network = pipeline.type().network(stage, parts);
        return isMain
                ? pipeline.type()
                        .classifier()
                        .map(classifier -> parts.guided(network, classifier))
                        .orElse(network)
                : network;
    }

    /** How many channels the samples of a prior have. */
    public int priorChannels(StageSpec prior) {
        return pipeline.type().priorChannels(index.config(prior.network()));
    }

    /** The ControlNets and T2I-Adapters that requests may name. They steer the main diffusing stage, and change as files come and go. */
    public FittingFiles<ControlNet> controlNets() {
        return controlNets;
    }

    /** The IP-Adapters that requests may name. They take part in the main diffusing stage, and change as files come and go. */
    public FittingFiles<IpAdapter> ipAdapters() {
        return ipAdapters;
    }

    /** The upscalers that requests may name. They are the same for all models, and change as files come and go. */
    public FittingFiles<UpscalerFile> upscalers() {
        return upscalers;
    }

    /** The LoRAs that requests may name. They change as files come and go. */
    public FittingFiles<Lora> loras() {
        return loras;
    }

    /** The networks that LoRAs may change: the main diffusion's and the text encoders. Reads the names of the weights. */
    public AdaptedParts adaptedParts() {
        return AddOns.parts(index, pipeline);
    }

    /** Whether the network of a diffusing stage takes the guidance scale itself, and so needs no negative prompt. */
    public boolean embedsGuidance(StageSpec stage) {
        ComponentConfig network = index.config(stage.network());
        return pipeline.type().embedsGuidance(Networks.inputs(network.json()));
    }

    public ImageCodec imageCodec(ComputeTarget target) {
        Optional<DirectCodec> direct = directCodec();
        if (direct.isPresent()) {
            return direct.get();
        }
        return index.load(
                autoencoder().orElseThrow(), (config, weights) -> Networks.imageCodec(config.json(), weights, target));
    }

    /** A model that draws about the same in fewer steps, if there is one. */
    public Optional<Path> draft() {
        return draft;
    }

    /** Whether there is a tiny autoencoder for frames of the model: a publisher's or an operator's. */
    public boolean hasTinyAutoencoder() {
        return tinyAutoencoder.isPresent();
    }

    /** The one that decodes frames, where there is one. */
    public ImageCodec tinyCodec(ComputeTarget target) {
        Path home = tinyAutoencoder.orElseThrow();
        return PipelineIndex.load(
                home.toString(),
                () -> Networks.imageCodec(ComponentConfig.read(home).json(), ComponentWeights.open(home), target));
    }

    private Optional<DirectCodec> directCodec() {
        return pipeline.type().codec(index, pipeline.latent().channels());
    }

    /** Whether the publisher gave a checker of pictures with the model. */
    public boolean hasPictureChecker() {
        return index.classOf(PipelineIndex.SAFETY_CHECKER).equals("StableDiffusionSafetyChecker");
    }

    /** The checker of pictures, in a model that has one. */
    public PictureChecker pictureChecker(ComputeTarget target) {
        return index.load(
                PipelineIndex.SAFETY_CHECKER,
                (config, weights) -> Networks.pictureChecker(
                        config.json(),
                        weights,
                        new VisionParts(index).processor(PipelineIndex.FEATURE_EXTRACTOR),
                        target));
    }

    /** How large the denoiser's weights are in their files. */
    long denoiserBytes() {
        Weights weights = index.weights(pipeline.main().network());
        return weights.names().stream()
                .mapToLong(name -> weights.info(name).length())
                .sum();
    }

    /** The schedule of the main diffusing stage, which a request's sampler runs on. */
    public SchedulerConfig scheduler() {
        return requestsScheduler(index, pipeline);
    }

    /** The samplers that a request may name, for up to so many steps. To try them takes a tenth of a second, so it is done once. */
    public List<Samplers.Choice> samplers(int mostSteps) {
        return samplers.computeIfAbsent(mostSteps, most -> Samplers.choices(scheduler(), most).stream()
                .filter(choice -> card.samplers().contains(choice.name()))
                .toList());
    }

    /** The schedule of a diffusing stage. */
    public SchedulerConfig scheduler(StageSpec stage) {
        return scheduler(index, stage.scheduler());
    }

    /** The schedule by which noise is added to what the network of a diffusing stage sees beside its sample. */
    public SchedulerConfig augmentation(StageSpec stage) {
        String last = stage.components().stream()
                .filter(name -> index.component(name).use() == Component.Use.SCHEDULER)
                .reduce((one, other) -> other)
                .orElseThrow();
        return scheduler(index, last);
    }

    /** The folder of the part that makes the picture of a latent. */
    private Optional<String> autoencoder() {
        return pipeline.workflows().get(0).stages().stream()
                .filter(stage -> stage.role() == Role.DECODE)
                .flatMap(stage -> stage.components().stream())
                .findFirst();
    }

    /** How frames are made without a network, where the model or its autoencoder has a known way. */
    public Optional<FramePreview> latentPreview() {
        return latentPreview;
    }

    static SchedulerConfig requestsScheduler(PipelineIndex index, Pipeline pipeline) {
        return scheduler(index, pipeline.main().scheduler());
    }

    /** Whether a request's sampler runs on a scheduler, and not the one that it was published for. */
    static boolean isRequests(PipelineIndex index, String component) {
        return index.components().containsKey(component);
    }

    private static SchedulerConfig scheduler(PipelineIndex index, String component) {
        SchedulerConfig file = index.scheduler(component);
        return isRequests(index, component) ? index.type().scheduler(file, index.classOf(component)) : file;
    }

    /** The sampler that computes a scheduler; {@link ModelException} where none does, with what to do. */
    static String ownSampler(PipelineIndex index, String component) {
        SchedulerConfig config = scheduler(index, component);
        if (!isRequests(index, component)) {
            return Samplers.defaultName(config);
        }
        try {
            return Samplers.defaultName(config);
        } catch (ModelException e) {
            throw new ModelException(e.getMessage() + advice(config), e);
        }
    }

    private static String advice(SchedulerConfig config) {
        if (!Samplers.available(config).isEmpty()) {
            return ". Choose one with --sampler, or as defaults.sampler in weir.json";
        }
        return config.unknownKey()
                .map(
                        ". If %1$s changes no picture, switch it off in weir.json: {\"scheduler\": {\"%1$s\": null}}"
                                ::formatted)
                .orElse("");
    }
}
