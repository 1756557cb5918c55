package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.image.PublishedLatents;
import dev.weir.engine.network.LatentSpace;
import dev.weir.engine.network.Networks;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Finds the tiny autoencoder (TAESD) that decodes frames of a model's latents. Reads configurations; stateless; any thread.
 */
final class TinyAutoencoder {

    static final String CLASS = "AutoencoderTiny";

    /** Where a model's folder may have one. */
    private static final List<String> FOLDERS = List.of("taesd", "vae_tiny");

    private TinyAutoencoder() {}

    /**
     * The one in the model's folder, else the model's own autoencoder where that is one, else one of those given.
     *
     * @param model its folder
     * @param vae folder of the model's autoencoder
     * @param given folders that have the names under which tiny autoencoders are published
     * @throws ModelException where one does not fit the latents, or it is not known for which latents it is
     */
    static Optional<Path> find(Path model, Path vae, List<Path> given) {
        JsonNode config = ComponentConfig.read(vae).json();
        Optional<PublishedLatents> latents = PublishedLatents.of(config);
        Optional<Path> fitting = given.stream()
                .map(ModelPath::resolve)
                .filter(folder -> latents.equals(Optional.of(latentsOf(folder))))
                .reduce((first, second) -> first);
        Optional<Path> found = own(model)
                .or(() -> isTiny(config) ? Optional.of(vae) : Optional.empty())
                .or(() -> fitting);
        found.ifPresent(folder -> requireFit(folder, Networks.latentSpace(config)));
        return found;
    }

    static Optional<Path> own(Path model) {
        return FOLDERS.stream().map(model::resolve).filter(Files::isDirectory).findFirst();
    }

    private static PublishedLatents latentsOf(Path folder) {
        String name = ModelPath.name(folder);
        return PublishedLatents.ofTiny(name.substring(name.lastIndexOf('/') + 1))
                .orElseThrow(() -> new ModelException(
                        ("%s: it is not known for which latents this autoencoder is. Give its folder the "
                                        + "name under which it is published, taesd, taesdxl, taesd3 or taef1, or put it into the model's folder as taesd")
                                .formatted(folder)));
    }

    private static void requireFit(Path folder, LatentSpace latents) {
        ComponentConfig config = ComponentConfig.read(folder);
        if (!isTiny(config.json())) {
            throw new ModelException("%s: this is no %s".formatted(config.file(), CLASS));
        }
        LatentSpace own;
        try {
            own = Networks.latentSpace(config.json());
        } catch (ModelException e) {
            throw new ModelException(config.file() + ": " + e.getMessage(), e);
        }
        if (!own.equals(latents)) {
            throw new ModelException(
                    "%s: latents of %d channels and scale %d, which do not fit the model's of %d and %d"
                            .formatted(
                                    config.file(), own.channels(), own.scale(), latents.channels(), latents.scale()));
        }
    }

    private static boolean isTiny(JsonNode config) {
        return config.path("_class_name").asText("").equals(CLASS);
    }
}
