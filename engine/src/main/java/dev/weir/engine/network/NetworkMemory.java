package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;

/** Estimates the memory of networks from their configurations; nothing is loaded. Stateless; any thread. */
public final class NetworkMemory {

    /**
     * How many of its widest images a denoiser's forward has at once, those that wait for the way up and kernels' scratch memory
     * included. Measured at the size of Stable Diffusion 1.5's with the process itself: 100.
     */
    private static final int AT_ONCE = 100;

    private NetworkMemory() {}

    /** Of one of its weights, where this precision is wanted. */
    public static int weightBytes(JsonNode config, Precision wanted) {
        return precision(NetworkType.read(config), wanted).bytes();
    }

    /**
     * What a denoiser computes in between for one row.
     *
     * @param area of the latent, in its pixels
     */
    public static long denoisingBytes(JsonNode config, Precision wanted, long area) {
        var network = NetworkType.read(config, DenoisingNetwork.class);
        return AT_ONCE
                * network.places(area)
                * network.width()
                * precision(network, wanted).bytes();
    }

    /** What an autoencoder computes in between for a picture of so many pixels in one piece. */
    public static long decodingBytes(JsonNode config, Precision wanted, long pixels) {
        var network = NetworkType.read(config, Autoencoder.class);
        return pixels * Tiling.bytesOfPixel(network.codec(), precision(network, wanted));
    }

    /** The same for a tile on a device with enough memory for the usual ones. */
    public static long tileBytes(JsonNode config, Precision wanted) {
        long side = Tiling.usualTile(NetworkType.read(config, Autoencoder.class).codec());
        return decodingBytes(config, wanted, side * side);
    }

    private static Precision precision(Network network, Precision wanted) {
        return network.target(new ComputeTarget("cpu", wanted)).precision();
    }
}
