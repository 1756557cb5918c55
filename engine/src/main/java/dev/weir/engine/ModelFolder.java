package dev.weir.engine;

import dev.weir.engine.image.ClipImageProcessor;
import dev.weir.engine.image.LatentPreview;
import dev.weir.engine.network.Networks;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.SchedulerConfig;
import dev.weir.engine.tokenizer.Tokenizer;
import dev.weir.engine.tokenizer.Tokenizers;
import dev.weir.engine.weights.ComponentWeights;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * A diffusers folder that Weir runs: what it says of itself, and the parts that its stages open, each by itself.
 *
 * <p>Opening it reads configurations and no weights. Immutable; any thread. A part that was opened belongs to who opened
 * it. What is wrong with a folder that does not open is told by {@link ModelReport} in full.
 */
public final class ModelFolder {

    private final PipelineIndex index;
    private final ModelCard card;
    private Map<String, String> fingerprints;

    private ModelFolder(PipelineIndex index, Optional<String> sampler) {
        index.requireSupported();
        FolderKind.requireReadableWeights(index);
        this.index = index;
        this.card = CardReader.read(index, sampler);
    }

    /** Throws {@link ModelException} that says what the path is, and why Weir does not run it. */
    public static ModelFolder open(Path path) {
        return open(path, Optional.empty());
    }

    /**
     * See {@link #open(Path)}.
     *
     * @param sampler for requests that name none; empty: what the model says
     */
    public static ModelFolder open(Path path, Optional<String> sampler) {
        Path folder = ModelPath.resolve(path);
        FolderKind.requirePipeline(folder);
        return new ModelFolder(PipelineIndex.read(folder), sampler);
    }

    public ModelCard card() {
        return card;
    }

    /**
     * By part (text_encoder, unet, upsampler/unet, vae), a digest that differs if another folder's part has other weights or
     * configurations. Of large parts samples are read, about 100 MiB of cold disk at most; the first call takes that time.
     */
    public synchronized Map<String, String> fingerprints() {
        if (fingerprints == null) {
            fingerprints = Fingerprints.of(index);
        }
        return fingerprints;
    }

    /** Of the part that text states depend on; empty if the folder has none. */
    public String textEncoderFingerprint() {
        return fingerprints().getOrDefault(PipelineIndex.TEXT_ENCODER, "");
    }

    /** Throws {@link ModelException}, as all that open a part, naming what is wrong with its files. */
    public TextEncoder textEncoder(ComputeTarget target) {
        Tokenizer tokenizer = tokenizer(index);
        try {
            return load(
                    PipelineIndex.TEXT_ENCODER,
                    (config, weights) -> Networks.textEncoder(config.json(), weights, tokenizer, target));
        } catch (RuntimeException e) {
            tokenizer.close();
            throw e;
        }
    }

    public Denoiser denoiser(ComputeTarget target) {
        return load(PipelineIndex.UNET, (config, weights) -> Networks.denoiser(config.json(), weights, target));
    }

    /** The network of the cascade's second stage, in a model that has one. */
    public Denoiser upsampler(ComputeTarget target) {
        return load(
                PipelineIndex.UPSAMPLER_UNET, (config, weights) -> Networks.denoiser(config.json(), weights, target));
    }

    public ImageCodec imageCodec(ComputeTarget target) {
        return load(PipelineIndex.VAE, (config, weights) -> Networks.imageCodec(config.json(), weights, target));
    }

    /** Whether the publisher gave a checker of pictures with the model. */
    public boolean hasPictureChecker() {
        return index.classOf(PipelineIndex.SAFETY_CHECKER).equals("StableDiffusionSafetyChecker");
    }

    /** The checker of pictures, in a model that has one. */
    public PictureChecker pictureChecker(ComputeTarget target) {
        Path processor = index.folder().resolve(PipelineIndex.FEATURE_EXTRACTOR).resolve("preprocessor_config.json");
        return load(
                PipelineIndex.SAFETY_CHECKER,
                (config, weights) -> Networks.pictureChecker(
                        config.json(), weights, ClipImageProcessor.read(JsonFile.read(processor)), target));
    }

    /** How large the denoiser's weights are in their files. */
    long denoiserBytes() {
        ComponentWeights weights = ComponentWeights.open(index.folder().resolve(PipelineIndex.UNET));
        return weights.names().stream()
                .mapToLong(name -> weights.info(name).length())
                .sum();
    }

    public SchedulerConfig scheduler() {
        return scheduler(index);
    }

    /** The schedule of the cascade's second stage, in a model that has one. */
    public SchedulerConfig upsamplerScheduler() {
        return upsamplerScheduler(index);
    }

    /** The matrix from latents to RGB, where the model or its autoencoder has a known one. */
    public Optional<LatentPreview> latentPreview() {
        return LatentPreview.of(index.folder());
    }

    static Tokenizer tokenizer(PipelineIndex index) {
        ComponentConfig textEncoder = ComponentConfig.read(index.folder().resolve(PipelineIndex.TEXT_ENCODER));
        return Tokenizers.open(
                index.folder().resolve(PipelineIndex.TOKENIZER),
                index.components().get(PipelineIndex.TOKENIZER),
                textEncoder.count("max_position_embeddings"),
                textEncoder.count("vocab_size"));
    }

    static SchedulerConfig scheduler(PipelineIndex index) {
        return schedulerIn(index, PipelineIndex.SCHEDULER).inStableDiffusion(index.classOf(PipelineIndex.SCHEDULER));
    }

    /** The sampler that computes the model's own scheduler; {@link ModelException} where none does, with what to do. */
    static String ownSampler(PipelineIndex index) {
        try {
            return Samplers.defaultName(scheduler(index));
        } catch (ModelException e) {
            throw new ModelException(
                    e.getMessage() + ". Choose one with --sampler, or as defaults.sampler in weir.json", e);
        }
    }

    static SchedulerConfig upsamplerScheduler(PipelineIndex index) {
        return schedulerIn(index, PipelineIndex.UPSAMPLER_SCHEDULER);
    }

    private static SchedulerConfig schedulerIn(PipelineIndex index, String component) {
        return SchedulerConfig.read(index.folder().resolve(component).resolve("scheduler_config.json"));
    }

    private <T> T load(String component, BiFunction<ComponentConfig, ComponentWeights, T> network) {
        Path home = index.folder().resolve(component);
        try {
            return network.apply(ComponentConfig.read(home), ComponentWeights.open(home));
        } catch (ModelException e) {
            throw e.getMessage().startsWith(home + "") ? e : new ModelException(home + ": " + e.getMessage(), e);
        }
    }
}
