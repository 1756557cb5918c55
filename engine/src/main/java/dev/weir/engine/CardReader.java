package dev.weir.engine;

import dev.weir.engine.network.LatentSpace;
import dev.weir.engine.network.Networks;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.SchedulerConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Makes a model's card from its configurations, and sees that its parts fit each other. Stateless; any thread. */
final class CardReader {

    private static final int DEFAULT_STEPS = 20;
    private static final int DEFAULT_UPSAMPLER_STEPS = 8;
    /** A tenth of a schedule of 1000, about what cascaded diffusion was published with. */
    private static final int DEFAULT_UPSAMPLER_NOISE_LEVEL = 100;

    private static final int DEFAULT_GROWTH = 2;
    private static final float CLIP_GUIDANCE = 7.5f;
    private static final float OTHER_GUIDANCE = 4;
    private static final int LEAST_SIZE = 64;
    private static final int MOST_TIMES_NATIVE = 4;
    private static final int MAX_SIZE = 1 << 16;
    private static final int LATENT_CHANNELS = 4;

    /** Inputs that the UNet of a pipeline of this kind may have. */
    private static final Set<String> GIVEN =
            Set.of(Tensors.CONCAT, Tensors.ENCODER_HIDDEN_STATES, Tensors.CLASS_LABELS, Tensors.TIMESTEP_COND);

    private final PipelineIndex index;
    private final ModelSettings settings;
    private final ComponentConfig textEncoder;
    private final ComponentConfig unet;
    private final ComponentConfig vae;
    private final Optional<ComponentConfig> upsampler;
    private final SchedulerConfig scheduler;
    private final Optional<String> asked;

    private CardReader(PipelineIndex index, Optional<String> asked) {
        this.index = index;
        this.asked = asked;
        this.scheduler = ModelFolder.scheduler(index);
        this.settings = ModelSettings.read(index.folder());
        this.textEncoder = config(PipelineIndex.TEXT_ENCODER);
        this.unet = config(PipelineIndex.UNET);
        this.vae = config(PipelineIndex.VAE);
        this.upsampler = index.hasUpsampler() ? Optional.of(config(PipelineIndex.UPSAMPLER_UNET)) : Optional.empty();
    }

    /**
     * Throws {@link ModelException} naming the file and key, or the parts that do not fit.
     *
     * @param sampler for requests that name none; empty: what weir.json says, else the model's own scheduler
     */
    static ModelCard read(PipelineIndex index, Optional<String> sampler) {
        CardReader reader = new CardReader(index, sampler);
        reader.requireFit();
        return reader.card();
    }

    private ComponentConfig config(String component) {
        return ComponentConfig.read(index.folder().resolve(component));
    }

    private void requireFit() {
        List.of(textEncoder, unet, vae).forEach(CardReader::requireKnown);
        upsampler.ifPresent(CardReader::requireKnown);
        requireInputs(unet);
        upsampler.ifPresent(CardReader::requireInputs);
        requireLabels(unet, false);
        upsampler.ifPresent(config -> {
            requireLabels(config, true);
            Samplers.defaultName(ModelFolder.upsamplerScheduler(index));
        });
        int latent = latentSpace().channels();
        requireTextAlone(latent);
        require(unet, "in_channels", unet.count("in_channels", LATENT_CHANNELS), latent, "the vae's latents");
        require(unet, "out_channels", unet.count("out_channels", LATENT_CHANNELS), latent, "the vae's latents");
        int width = textEncoder.count("hidden_size");
        require(unet, "cross_attention_dim", unet.count("cross_attention_dim"), width, "the text encoder's states");
        upsampler.ifPresent(config -> {
            require(config, "in_channels", config.count("in_channels"), 2 * latent, "latents beside the small image's");
            require(config, "out_channels", config.count("out_channels"), latent, "the vae's latents");
            require(
                    config,
                    "cross_attention_dim",
                    config.count("cross_attention_dim"),
                    width,
                    "the text encoder's states");
        });
    }

    private LatentSpace latentSpace() {
        return Networks.latentSpace(vae.json());
    }

    /** A UNet with more channels in than latents have also sees a picture. */
    private void requireTextAlone(int latent) {
        int channels = unet.count("in_channels", LATENT_CHANNELS);
        int more = channels - latent;
        String what = more == latent + 1
                ? "an inpainting model"
                : more == latent ? "an image editing model" : more == 1 ? "a depth-to-image model" : "an upscaler";
        if (more == latent + 1 || more == latent || more == 1 || more == 3) {
            throw new Refusal(
                            "%s: %d input channels".formatted(what, channels),
                            "Weir makes images from text alone: give the text-to-image version of the model")
                    .at(
                            index.folder(),
                            "%s: in_channels is %d, which does not fit %d of the vae's latents"
                                    .formatted(unet.file(), channels, latent));
        }
    }

    private static void requireKnown(ComponentConfig config) {
        try {
            Networks.requireKnown(config.json());
        } catch (ModelException e) {
            throw new ModelException(config.file() + ": " + e.getMessage(), e);
        }
    }

    /** A UNet may take more than text-to-image has, as SDXL's does. */
    private static void requireInputs(ComponentConfig config) {
        for (NetworkInput input : Networks.inputs(config.json())) {
            boolean given = GIVEN.contains(input.name())
                    && (input.isLabel() || !input.name().equals(Tensors.CLASS_LABELS));
            if (!given) {
                throw new ModelException("%s: the UNet takes %s of %s, which text-to-image does not have"
                        .formatted(config.file(), input.name(), input.shape()));
            }
        }
    }

    /** A base model is told the prompt alone, an upsampler also the noise level of what it enlarges. */
    private static void requireLabels(ComponentConfig config, boolean wanted) {
        boolean labelled =
                config.json().hasNonNull("num_class_embeds") || config.json().hasNonNull("class_embed_type");
        if (labelled != wanted) {
            throw new ModelException("%s: the UNet takes %s class labels (num_class_embeds, class_embed_type), and %s"
                    .formatted(
                            config.file(),
                            labelled ? "" : "no",
                            wanted ? "an upsampler needs one for the noise level" : "text-to-image has none"));
        }
    }

    private static void require(ComponentConfig config, String key, int is, int wanted, String whose) {
        if (is != wanted) {
            throw new ModelException(
                    "%s: %s is %d, which does not fit %d of %s".formatted(config.file(), key, is, wanted, whose));
        }
    }

    private ModelCard card() {
        int scale = latentSpace().scale();
        int nativeSize = settings.nativeSize().orElseGet(() -> nativeSize(scale));
        int factor = upsampler.isEmpty() ? 1 : settings.upsampleFactor().orElseGet(this::growth);
        // The upsampler's latents are larger by the factor before it halves them.
        int upsamplerNeeds =
                upsampler.map(config -> (1 << config.halvings()) / factor).orElse(1);
        int multiple = scale * Math.max(1 << unet.halvings(), upsamplerNeeds);
        return new ModelCard(
                settings.id().orElseGet(() -> ModelPath.name(index.folder())),
                index.className(),
                unet.count("out_channels", LATENT_CHANNELS),
                scale,
                nativeSize,
                multiple,
                roundUp(Math.min(LEAST_SIZE, nativeSize), multiple),
                roundUp(MOST_TIMES_NATIVE * nativeSize, multiple),
                factor,
                Samplers.available(scheduler),
                components(),
                defaults());
    }

    private int nativeSize(int scale) {
        int sample = unet.sampleSize();
        if (sample > MAX_SIZE / scale) {
            throw new ModelException("%s: sample_size %d makes images of more than %d pixels a side"
                    .formatted(unet.file(), sample, MAX_SIZE));
        }
        return sample * scale;
    }

    private int growth() {
        int ratio = upsampler.orElseThrow().count("sample_size") / unet.count("sample_size");
        return Math.max(DEFAULT_GROWTH, ratio);
    }

    private List<String> components() {
        List<String> components = new ArrayList<>(PipelineIndex.PARTS);
        if (upsampler.isPresent()) {
            components.addAll(PipelineIndex.UPSAMPLER_PARTS);
        }
        return List.copyOf(components);
    }

    private ModelCard.Defaults defaults() {
        boolean clip = index.components().get(PipelineIndex.TEXT_ENCODER).startsWith("CLIP");
        return new ModelCard.Defaults(
                settings.steps().orElse(DEFAULT_STEPS),
                settings.guidanceScale().orElse(clip ? CLIP_GUIDANCE : OTHER_GUIDANCE),
                sampler(),
                upsampler.isEmpty() ? 0 : settings.upsamplerSteps().orElse(DEFAULT_UPSAMPLER_STEPS),
                noiseLevel());
    }

    /** The one asked for, else the publisher's choice in weir.json, else the model's own scheduler. */
    private String sampler() {
        Optional<String> chosen = asked.or(settings::sampler);
        if (chosen.isEmpty()) {
            return ModelFolder.ownSampler(index);
        }
        try {
            Samplers.requireAvailable(scheduler, chosen.get());
            return chosen.get();
        } catch (IllegalArgumentException e) {
            Path by = asked.isPresent() ? index.folder() : ModelSettings.file(index.folder());
            throw new ModelException(by + ": sampler: " + e.getMessage(), e);
        }
    }

    private int noiseLevel() {
        int level = settings.upsamplerNoiseLevel().orElse(DEFAULT_UPSAMPLER_NOISE_LEVEL);
        if (upsampler.isPresent()) {
            int timesteps = ModelFolder.upsamplerScheduler(index).trainTimesteps();
            if (level >= timesteps) {
                throw new ModelException("%s: upsampler_noise_level %d is not below %d, the upsampler's timesteps"
                        .formatted(ModelSettings.file(index.folder()), level, timesteps));
            }
        }
        return level;
    }

    private static int roundUp(int size, int multiple) {
        return (size + multiple - 1) / multiple * multiple;
    }
}
