package dev.weir.engine.pipeline;

import dev.weir.engine.ComponentConfig;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Refusal;
import dev.weir.engine.Tensors;
import dev.weir.engine.network.Networks;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.SchedulerConfig;
import java.util.List;
import java.util.Set;

/**
 * The configurations of a UNet that diffuses an autoencoder's latents by prompts: whether the parts fit each other, and the sizes
 * of pictures. For families of text to image; stateless.
 */
final class LatentModel {

    private static final int MAX_SIZE = 1 << 16;
    private static final int LATENT_CHANNELS = 4;

    private final PipelineIndex index;
    private final ModelSettings settings;
    private final List<TextPart> texts;
    private final List<ComponentConfig> encoders;
    private final ComponentConfig unet;
    private final ComponentConfig vae;

    LatentModel(PipelineIndex index, ModelSettings settings, List<TextPart> texts, String unet, String vae) {
        this.index = index;
        this.settings = settings;
        this.texts = texts;
        this.encoders = texts.stream().map(text -> config(text.encoder())).toList();
        this.unet = config(unet);
        this.vae = config(vae);
    }

    ComponentConfig config(String component) {
        return index.config(component);
    }

    ComponentConfig unet() {
        return unet;
    }

    /**
     * Throws {@link ModelException} naming the file and key, or the parts that do not fit.
     *
     * @param given the inputs that the UNet may take besides {@code encoder_hidden_states}
     */
    void requireFit(Set<String> given) {
        requireParts(given);
        requireContext(unet);
    }

    /** The same without the width of what the UNet attends to. */
    void requireParts(Set<String> given) {
        requireKnownParts(given, given.contains(Tensors.CLASS_LABELS));
        int latent = latentChannels();
        if (!paintsParts()) {
            requireTextAlone(latent);
            requireNoPicture();
        }
        require(unet, "out_channels", unet.count("out_channels", LATENT_CHANNELS), latent, "the vae's latents");
    }

    /**
     * The same for a network that sees a picture beside its sample.
     *
     * @param beside channels of the picture
     * @param labelled whether it takes a label, of the picture's noise level
     * @param spare channels that it gives besides the sample's
     */
    void requireFit(int beside, boolean labelled, int spare) {
        requireFit(Set.of(), beside, labelled, spare);
    }

    /** The same with inputs that the UNet may take besides {@code encoder_hidden_states}. */
    void requireFit(Set<String> given, int beside, boolean labelled, int spare) {
        requireParts(given, beside, labelled, spare);
        requireContext(unet);
    }

    /** The same without the width of what the UNet attends to. */
    void requireParts(Set<String> given, int beside, boolean labelled, int spare) {
        requireKnownParts(given, labelled);
        int latent = latentChannels();
        require(
                unet,
                "in_channels",
                unet.count("in_channels", LATENT_CHANNELS),
                latent + beside,
                "the vae's latents and %d channels beside them".formatted(beside));
        require(
                unet,
                "out_channels",
                unet.count("out_channels", LATENT_CHANNELS),
                latent + spare,
                "the vae's latents" + (spare == 0 ? "" : " and %d more".formatted(spare)));
    }

    private void requireKnownParts(Set<String> given, boolean labelled) {
        encoders.forEach(LatentModel::requireKnown);
        requireKnown(unet);
        requireKnown(vae);
        requireInputs(unet, given);
        requireLabels(unet, labelled);
    }

    /** Holds the width of a vector that the UNet takes to what the pipeline gives. */
    void requireInput(String name, int given, String whose) {
        for (NetworkInput input : Networks.inputs(unet.json())) {
            if (input.name().equals(name) && !input.shape().equals(List.of(given))) {
                throw new ModelException("%s: the UNet takes %s of %s, which does not fit %d of %s"
                        .formatted(unet.file(), name, input.shape(), given, whose));
            }
        }
    }

    /** Whether the UNet sees a mask, and what the mask leaves of a picture, beside its sample. */
    boolean paintsParts() {
        return unet.count("in_channels", LATENT_CHANNELS) == 2 * latentChannels() + 1;
    }

    /** Throws {@link ModelException} where the UNet sees a picture beside its sample. */
    void requireNoPicture() {
        require(unet, "in_channels", unet.count("in_channels", LATENT_CHANNELS), latentChannels(), "the vae's latents");
    }

    void requireNoMask() {
        if (paintsParts()) {
            throw new ModelException("%s: an inpainting network has no upsampler".formatted(unet.file()));
        }
    }

    int latentChannels() {
        return Networks.latentSpace(vae.json()).channels();
    }

    /** How many layers a request may leave out of every text encoder: none of those that are no CLIP. */
    int maxClipSkip() {
        int most = Integer.MAX_VALUE;
        for (int i = 0; i < texts.size(); i++) {
            boolean isClip = index.classOf(texts.get(i).encoder()).startsWith("CLIP");
            int layers = isClip ? encoders.get(i).count("num_hidden_layers") : 0;
            most = Math.min(most, Math.max(0, layers - texts.get(i).output().skipped()));
        }
        return most;
    }

    void requireContext(ComponentConfig network) {
        int width = encoders.stream()
                .mapToInt(encoder -> encoder.count("hidden_size"))
                .sum();
        String whose = encoders.size() == 1 ? "the text encoder's states" : "the text encoders' states";
        require(network, "cross_attention_dim", network.count("cross_attention_dim"), width, whose);
    }

    /** A UNet with more channels in than latents have also sees a picture. */
    private void requireTextAlone(int latent) {
        int channels = unet.count("in_channels", LATENT_CHANNELS);
        int more = channels - latent;
        String what = more == latent ? "an image editing model" : more == 1 ? "a depth-to-image model" : "an upscaler";
        if (more == latent || more == 1 || more == 3) {
            throw new Refusal(
                            "%s: %d input channels".formatted(what, channels),
                            "Give the diffusers folder that it was published as, with the model_index.json of its own pipeline")
                    .at(
                            index.path(),
                            "%s: in_channels is %d, which does not fit %d of the vae's latents"
                                    .formatted(unet.file(), channels, latent));
        }
    }

    static void requireKnown(ComponentConfig config) {
        try {
            Networks.requireKnown(config.json());
        } catch (ModelException e) {
            throw new ModelException(config.file() + ": " + e.getMessage(), e);
        }
    }

    /** A UNet may take more than its family has. */
    static void requireInputs(ComponentConfig config, Set<String> given) {
        for (NetworkInput input : Networks.inputs(config.json())) {
            boolean isGiven = given.contains(input.name())
                    || (input.name().equals(Tensors.CLASS_LABELS)
                            ? input.isLabel()
                            : input.name().equals(Tensors.CONCAT)
                                    || input.name().equals(Tensors.ENCODER_HIDDEN_STATES)
                                    || input.name().equals(Tensors.TIMESTEP_COND));
            if (!isGiven) {
                throw new ModelException("%s: the UNet takes %s of %s, which text-to-image does not have"
                        .formatted(config.file(), input.name(), input.shape()));
            }
        }
    }

    /** A base model is told the prompt alone, an upsampler also the noise level of what it enlarges. */
    static void requireLabels(ComponentConfig config, boolean wanted) {
        boolean labelled =
                config.json().hasNonNull("num_class_embeds") || config.json().hasNonNull("class_embed_type");
        if (labelled != wanted) {
            throw new ModelException("%s: the UNet takes %s class labels (num_class_embeds, class_embed_type), and %s"
                    .formatted(
                            config.file(),
                            labelled ? "" : "no",
                            wanted ? "this model needs one for the noise level" : "text-to-image has none"));
        }
    }

    /** Throws {@link ModelException} where the pipeline computes with a scheduler of another class only. */
    static SchedulerConfig requireScheduler(PipelineIndex index, String component, String className) {
        SchedulerConfig scheduler = index.scheduler(component);
        if (!scheduler.className().equals(className)) {
            throw new ModelException("%s: it is %s, and this pipeline runs with %s only"
                    .formatted(scheduler.file(), scheduler.className(), className));
        }
        Samplers.defaultName(scheduler);
        return scheduler;
    }

    static void require(ComponentConfig config, String key, int is, int wanted, String whose) {
        if (is != wanted) {
            throw new ModelException(
                    "%s: %s is %d, which does not fit %d of %s".formatted(config.file(), key, is, wanted, whose));
        }
    }

    int scale() {
        return Networks.latentSpace(vae.json()).scale();
    }

    LatentShape latent() {
        int side = nativeSize() / scale();
        return new LatentShape(latentChannels(), side, side);
    }

    /** @param divisor that the latent's sides need besides the UNet's own */
    Sizes sizes(int divisor) {
        int multiple = scale() * Math.max(unet.sideMultiple(), divisor);
        int usual = nativeSize();
        return Sizes.around(usual, multiple);
    }

    private int nativeSize() {
        return settings.nativeSize().orElseGet(() -> {
            int sample = unet.sampleSize();
            if (sample > MAX_SIZE / scale()) {
                throw new ModelException("%s: sample_size %d makes images of more than %d pixels a side"
                        .formatted(unet.file(), sample, MAX_SIZE));
            }
            return sample * scale();
        });
    }
}
