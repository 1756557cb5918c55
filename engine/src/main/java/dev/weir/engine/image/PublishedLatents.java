package dev.weir.engine.image;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The latents of an autoencoder that many models share, so that others have published ways to look at them. */
public enum PublishedLatents {
    /** Of Stable Diffusion 1.x and 2.x. */
    SD(
            "taesd",
            0.18215,
            new LatentPreview(
                    new float[][] {
                        {0.3512f, 0.2297f, 0.3227f},
                        {0.3250f, 0.4974f, 0.2350f},
                        {-0.2829f, 0.1762f, 0.2721f},
                        {-0.2120f, -0.2616f, -0.7177f}
                    },
                    new float[3])),
    SDXL(
            "taesdxl",
            0.13025,
            new LatentPreview(
                    new float[][] {
                        {0.3651f, 0.4232f, 0.4341f},
                        {-0.2533f, -0.0042f, 0.1068f},
                        {0.1076f, 0.1111f, -0.0362f},
                        {-0.3165f, -0.2492f, -0.2188f}
                    },
                    new float[] {0.1084f, -0.0175f, -0.0011f}));

    private static final int CHANNELS = 4;
    private static final List<String> AUTOENCODERS = List.of("", "AutoencoderKL", "AsymmetricAutoencoderKL");

    private final String tinyName;
    private final double scaling;
    private final LatentPreview preview;

    /** @param preview a known fit (ComfyUI's latent_formats) */
    PublishedLatents(String tinyName, double scaling, LatentPreview preview) {
        this.tinyName = tinyName;
        this.scaling = scaling;
        this.preview = preview;
    }

    /** @param vae the {@code config.json} of a model's autoencoder */
    public static Optional<PublishedLatents> of(JsonNode vae) {
        if (!AUTOENCODERS.contains(vae.path("_class_name").asText(""))
                || vae.path("latent_channels").asInt(CHANNELS) != CHANNELS
                || vae.path("latents_mean").isArray()) {
            return Optional.empty();
        }
        double scaling = vae.path("scaling_factor").asDouble(SD.scaling);
        return Arrays.stream(values())
                .filter(latents -> latents.scaling == scaling)
                .findFirst();
    }

    /** The latents that a tiny autoencoder of this name was trained for; some have a version after it. */
    public static Optional<PublishedLatents> ofTiny(String name) {
        return Arrays.stream(values())
                .filter(latents -> name.toLowerCase(Locale.ROOT).matches(latents.tinyName + "([^a-z0-9].*)?"))
                .findFirst();
    }

    /** The name under which its tiny autoencoder (TAESD) is published. */
    public String tinyName() {
        return tinyName;
    }

    LatentPreview preview() {
        return preview;
    }
}
