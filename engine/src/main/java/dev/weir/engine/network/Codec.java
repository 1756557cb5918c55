package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Value;

/**
 * What running an autoencoder takes, beside its network.
 *
 * @param channels of its latents
 * @param scale picture pixels of a latent pixel each way
 * @param sampleSize side of the pictures that it was trained on
 * @param widest channels of its widest images that have the picture's size
 * @param uncertain whether the encoder also gives the logarithms of the latents' variances
 */
record Codec(int channels, int scale, LatentScale latentScale, int sampleSize, int widest, boolean uncertain) {

    static final int MOST_LEVELS = 16;

    static final String DECODE = "decode";
    static final String DECODE_KNOWN = "decode_known";
    static final String ENCODE = "encode";

    static void requireRgb(Config config) {
        for (var key : new String[] {"in_channels", "out_channels"}) {
            if (config.integer(key, 3) != 3) {
                throw config.refused(key, "3 (RGB)");
            }
        }
    }

    /** The input {@code latents}, in the graph's precision. */
    Value latents(Graph g) {
        int side = Math.max(1, sampleSize / scale);
        return g.castImage(g.input(Input.Kind.IMAGE, "latents", channels, side * side)); // [B, L, h, w]
    }

    /** The input {@code picture}, in the graph's precision. */
    Value picture(Graph g) {
        return g.castImage(g.input(Input.Kind.IMAGE, "picture", 3, sampleSize * sampleSize)); // [B, 3, H, W]
    }
}
