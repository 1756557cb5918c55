package dev.weir.engine.network;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.torch.Devices;

/**
 * How an autoencoder splits a picture that one forward has no memory for: into tiles that overlap by a quarter and are blended, as
 * diffusers' {@code tiled_decode} does, and exactly as it where the tile has the model's {@code sample_size}. Decided once when
 * the network is loaded, from the device's memory, so that the load of the moment does not change a picture.
 *
 * @param most pixels that one forward may have
 * @param tile side of a tile in pixels, a multiple of four latent pixels
 */
record Tiling(long most, int tile) {

    private static final double OVERLAP = 0.25;

    /** Of a device's memory, what the images inside an autoencoder may take. */
    private static final double SHARE = 0.25;

    /**
     * How many of its widest images a forward has at once, kernels' scratch memory included. Measured at the size of Stable
     * Diffusion's autoencoder: 3.5 with libtorch, 3.3 with ONNX Runtime.
     */
    private static final int AT_ONCE = 4;

    private static final int LEAST_TILE = 256;
    private static final int USUAL_TILE = 512;
    /** Of what an upscaler sees: on a CPU, RRDBNet takes seconds for it, and other work waits meanwhile. */
    private static final int UPSCALED_TILE = 256;

    private static final int MOST_ROWS = 1024;

    static Tiling of(Codec codec, ComputeTarget target) {
        return of(codec, (long) (SHARE * Devices.memory(target) / bytesOfPixel(codec, target.precision())));
    }

    /** @param most pixels that one forward may have */
    static Tiling of(Codec codec, long most) {
        int step = 4 * codec.scale();
        int largest = (int) Math.sqrt(most) / step * step;
        int wanted = usualTile(codec);
        return new Tiling(most, Math.max(Math.min(largest, wanted), Math.max(1, LEAST_TILE / step) * step));
    }

    /** Of an upscaler, in pixels of what it makes; a tile is a multiple of four pixels of what it sees. */
    static Tiling of(UpscalingNetwork network, ComputeTarget target) {
        long bytes = (long) AT_ONCE * network.widest() * target.precision().bytes();
        int step = 4 * network.scale() * network.inputSquare();
        long most = (long) (SHARE * Devices.memory(target) / bytes);
        int tile = Math.min((int) Math.min(Integer.MAX_VALUE, Math.sqrt(most)), UPSCALED_TILE * network.scale());
        return new Tiling(most, Math.max(tile, LEAST_TILE) / step * step);
    }

    /** What a forward takes for each pixel of its picture. */
    static long bytesOfPixel(Codec codec, Precision precision) {
        return (long) AT_ONCE * codec.widest() * precision.bytes();
    }

    /** The side of a tile, where memory does not make it smaller. */
    static int usualTile(Codec codec) {
        int step = 4 * codec.scale();
        return Math.max(USUAL_TILE, codec.sampleSize()) / step * step;
    }

    boolean fits(int height, int width) {
        return (long) height * width <= most || Math.max(height, width) <= tile;
    }

    /** How many pictures share a forward. */
    int rows(int height, int width) {
        return (int) Math.max(1, Math.min(MOST_ROWS, most / ((long) height * width)));
    }

    /** Runs the network on a part of its input that begins at a place; parts at the edges are smaller than asked for. */
    interface Part {

        Planes run(int top, int left, int height, int width);
    }

    /**
     * The network's output for an input of any size, in one piece.
     *
     * @param inTile side of a tile of the input
     * @param outTile side of what the network makes of one
     */
    static Planes blended(int height, int width, int inTile, int outTile, Part network) {
        BlendedTiles tiles = new BlendedTiles(height, width, inTile, outTile, network);
        while (!tiles.areDone()) {
            tiles.next();
        }
        return tiles.whole();
    }

    /** Of the side of a tile, what it does not share with the next one. */
    static int step(int tile) {
        return (int) (tile * (1 - OVERLAP));
    }

    /** The side of a tile that has a whole picture of a side within its step. */
    static int whole(int side) {
        return (int) Math.ceil(side / (1 - OVERLAP)) + 1;
    }

    /** Of the side of a tile, what is blended with its neighbour. */
    static int blend(int tile) {
        return (int) (tile * OVERLAP);
    }
}
