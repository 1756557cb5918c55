package dev.weir.engine.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComponentConfig;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.network.LatentSpace;
import dev.weir.engine.network.Networks;
import java.util.List;

/**
 * The configurations of a transformer that diffuses an autoencoder's latents: whether the parts fit each other, and the sizes of
 * pictures. Stateless.
 */
final class TransformerModel {

    static final String TRANSFORMER = "transformer";
    static final String SCHEDULER = "scheduler";
    static final String VAE = "vae";

    private final PipelineIndex index;
    private final ModelSettings settings;
    private final ComponentConfig transformer;
    private final LatentSpace latents;

    /** Throws {@link dev.weir.engine.ModelException} where a part or an option of it is not known. */
    TransformerModel(PipelineIndex index, ModelSettings settings, List<TextPart> texts) {
        this.index = index;
        this.settings = settings;
        this.transformer = index.config(TRANSFORMER);
        ComponentConfig vae = index.config(VAE);
        texts.forEach(text -> LatentModel.requireKnown(index.config(text.encoder())));
        LatentModel.requireKnown(transformer);
        LatentModel.requireKnown(vae);
        this.latents = Networks.latentSpace(vae.json());
    }

    ComponentConfig transformer() {
        return transformer;
    }

    /** Holds a width that the transformer takes to what a text encoder gives. */
    void require(String key, int usual, String encoder, String encoderKey) {
        int given = index.config(encoder).count(encoderKey);
        LatentModel.require(
                transformer, key, transformer.count(key, usual), given, "%s's %s".formatted(encoder, encoderKey));
    }

    /** @param channels of a latent as the transformer's {@code key} counts them */
    void requireLatents(String key, int usual, int channels) {
        LatentModel.require(transformer, key, transformer.count(key, usual), channels, "the vae's latents");
    }

    int latentChannels() {
        return latents.channels();
    }

    int scale() {
        return latents.scale();
    }

    /** @param usual side of the latents of a picture whose request names no size */
    LatentShape latent(int usual) {
        int side = nativeSize(usual) / scale();
        return new LatentShape(latentChannels(), side, side);
    }

    /** @param patch latent pixels of a token each way */
    Sizes sizes(int usual, int patch) {
        return Sizes.around(nativeSize(usual), scale() * patch);
    }

    private int nativeSize(int usual) {
        return settings.nativeSize().orElse(usual * scale());
    }

    /** @param patch latent pixels of a token each way */
    static int tokens(LatentShape latent, int patch) {
        return latent.height() / patch * (latent.width() / patch);
    }

    /** An autoencoder's configuration for pipelines that also move latents by its {@code shift_factor}. */
    static JsonNode shifted(JsonNode vae) {
        if (!vae.hasNonNull("shift_factor")) {
            return vae;
        }
        ObjectNode own = vae.deepCopy();
        ArrayNode means = own.putArray("latents_mean");
        ArrayNode deviations = own.putArray("latents_std");
        for (int i = 0; i < vae.path("latent_channels").asInt(); i++) {
            means.add(vae.path("shift_factor").asDouble());
            deviations.add(1.0);
        }
        return own;
    }
}
