package dev.weir.engine;

import dev.weir.engine.image.LatentPreview;
import dev.weir.engine.network.Networks;
import dev.weir.engine.sampler.SchedulerConfig;
import dev.weir.engine.tokenizer.Tokenizer;
import dev.weir.engine.tokenizer.Tokenizers;
import dev.weir.engine.weights.ComponentWeights;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * A diffusers folder that Weir runs: what it says of itself, and the parts that its stages open, each by itself.
 *
 * <p>Opening it reads configurations and no weights. Immutable; any thread. A part that was opened belongs to who opened
 * it. What is wrong with a folder that does not open is told by {@link ModelReport} in full.
 */
public final class ModelFolder {

    /** A second UNet with its scheduler, which makes the first one's latents larger. */
    private static final String UPSAMPLER = "upsampler";

    private static final String SCHEDULER = "scheduler/scheduler_config.json";

    private static final int DEFAULT_STEPS = 20;
    private static final int DEFAULT_UPSAMPLER_STEPS = 8;
    /** A tenth of a schedule of 1000, about what cascaded diffusion was published with. */
    private static final int DEFAULT_UPSAMPLER_NOISE_LEVEL = 100;

    private static final float DEFAULT_GUIDANCE = 4;
    private static final float CLIP_GUIDANCE = 7.5f;
    private static final int LEAST_SIZE = 64;
    private static final int MOST_TIMES_NATIVE = 4;

    private final Path folder;
    private final PipelineIndex index;
    private final ModelCard card;

    private ModelFolder(Path folder) {
        this.folder = folder;
        this.index = PipelineIndex.read(folder);
        index.requireSupported();
        this.card = readCard();
    }

    /** Throws {@link ModelException} naming the file, or the component that Weir does not run. */
    public static ModelFolder open(Path folder) {
        return new ModelFolder(folder.toAbsolutePath().normalize());
    }

    public ModelCard card() {
        return card;
    }

    public TextEncoder textEncoder(ComputeTarget target) {
        ComponentConfig config = ComponentConfig.read(folder.resolve(PipelineIndex.TEXT_ENCODER));
        Tokenizer tokenizer = Tokenizers.open(
                folder.resolve(PipelineIndex.TOKENIZER),
                index.components().get(PipelineIndex.TOKENIZER),
                config.count("max_position_embeddings"));
        try {
            return load(
                    PipelineIndex.TEXT_ENCODER,
                    (component, weights) -> Networks.textEncoder(component.json(), weights, tokenizer, target));
        } catch (RuntimeException e) {
            tokenizer.close();
            throw e;
        }
    }

    public Denoiser denoiser(ComputeTarget target) {
        return load(PipelineIndex.UNET, (config, weights) -> Networks.denoiser(config.json(), weights, target));
    }

    /** The network of the cascade's second stage; {@link ModelException} where the model has none. */
    public Denoiser upsampler(ComputeTarget target) {
        return load(
                UPSAMPLER + "/" + PipelineIndex.UNET,
                (config, weights) -> Networks.denoiser(config.json(), weights, target));
    }

    public ImageCodec imageCodec(ComputeTarget target) {
        return load(PipelineIndex.VAE, (config, weights) -> Networks.imageCodec(config.json(), weights, target));
    }

    /** The noise schedule that the base was trained on. */
    public SchedulerConfig scheduler() {
        return SchedulerConfig.read(folder.resolve(SCHEDULER));
    }

    /** The upsampler's own; {@link ModelException} where the model has none. */
    public SchedulerConfig upsamplerScheduler() {
        return SchedulerConfig.read(folder.resolve(UPSAMPLER).resolve(SCHEDULER));
    }

    /** The cheapest way to show a latent, where one is known for this autoencoder. */
    public Optional<LatentPreview> latentPreview() {
        return LatentPreview.of(folder);
    }

    private <T> T load(String component, BiFunction<ComponentConfig, ComponentWeights, T> network) {
        Path home = folder.resolve(component);
        try {
            return network.apply(ComponentConfig.read(home), ComponentWeights.open(home));
        } catch (ModelException e) {
            throw e.getMessage().startsWith(folder + "") ? e : new ModelException(home + ": " + e.getMessage(), e);
        }
    }

    private ModelCard readCard() {
        ModelSettings settings = ModelSettings.read(folder);
        ComponentConfig unet = ComponentConfig.read(folder.resolve(PipelineIndex.UNET));
        ComponentConfig vae = ComponentConfig.read(folder.resolve(PipelineIndex.VAE));
        Optional<ComponentConfig> upsampler = Files.isDirectory(folder.resolve(UPSAMPLER))
                ? Optional.of(ComponentConfig.read(folder.resolve(UPSAMPLER).resolve(PipelineIndex.UNET)))
                : Optional.empty();
        int scale = 1 << vae.halvings();
        int nativeSize = settings.nativeSize().orElseGet(() -> unet.count("sample_size") * scale);
        int factor = upsampler
                .map(config -> settings.upsampleFactor().orElseGet(() -> growth(unet, config)))
                .orElse(1);
        // Both networks halve their latents so often; the upsampler's are larger by the factor to begin with.
        int multiple = scale
                * Math.max(
                        1 << unet.halvings(),
                        upsampler
                                .map(config -> (1 << config.halvings()) / factor)
                                .orElse(1));
        return new ModelCard(
                settings.id().orElse(folder.getFileName() + ""),
                index.className(),
                unet.count("out_channels", 4),
                scale,
                nativeSize,
                multiple,
                roundUp(Math.min(LEAST_SIZE, nativeSize), multiple),
                roundUp(MOST_TIMES_NATIVE * nativeSize, multiple),
                factor,
                components(upsampler.isPresent()),
                defaults(settings, upsampler.isPresent()));
    }

    private ModelCard.Defaults defaults(ModelSettings settings, boolean hasUpsampler) {
        boolean clip = index.components().get(PipelineIndex.TEXT_ENCODER).startsWith("CLIP");
        return new ModelCard.Defaults(
                settings.steps().orElse(DEFAULT_STEPS),
                settings.guidanceScale().orElse(clip ? CLIP_GUIDANCE : DEFAULT_GUIDANCE),
                settings.sampler().orElse("ddim"),
                hasUpsampler ? settings.upsamplerSteps().orElse(DEFAULT_UPSAMPLER_STEPS) : 0,
                settings.upsamplerNoiseLevel().orElse(DEFAULT_UPSAMPLER_NOISE_LEVEL));
    }

    private List<String> components(boolean hasUpsampler) {
        List<String> components = new ArrayList<>(PipelineIndex.PARTS);
        if (hasUpsampler) {
            components.add(UPSAMPLER);
        }
        return List.copyOf(components);
    }

    private static int growth(ComponentConfig unet, ComponentConfig upsampler) {
        return Math.max(2, upsampler.count("sample_size") / unet.count("sample_size"));
    }

    private static int roundUp(int size, int multiple) {
        return (size + multiple - 1) / multiple * multiple;
    }
}
