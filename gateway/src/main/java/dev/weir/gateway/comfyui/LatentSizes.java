package dev.weir.gateway.comfyui;

import dev.weir.gateway.comfyui.Value.Latent;
import dev.weir.gateway.comfyui.Value.Resized;
import dev.weir.gateway.comfyui.Value.Sampled;
import java.util.Arrays;
import java.util.Optional;

/** The sizes of {@code LatentUpscale} and {@code LatentUpscaleBy}, as ComfyUI's {@code nodes.py} computes them. Stateless. */
final class LatentSizes {

    /** Pixels for each place of a latent, whatever the model: those nodes know no other number. */
    private static final int PLACE = 8;

    private static final int LEAST_SIDE = 64;

    private LatentSizes() {}

    /** The latent of a sampler as it is. */
    static Latent same(Sampled samples) {
        return begins(samples.lastSampler(), samples, samples.size(), new Resized(samples, "nearest-exact", false));
    }

    /** To a size in pixels. Of two sides that are 0 none changes; one of them follows from the other. */
    static Latent upscaled(Node node, Sampled samples) {
        int wide = node.whole("width");
        int high = node.whole("height");
        if (wide == 0 && high == 0) {
            return same(samples);
        }
        long[] places = places(samples);
        long width = Math.max(LEAST_SIDE, wide);
        long height = Math.max(LEAST_SIDE, high);
        if (wide == 0) {
            width = Math.max(LEAST_SIDE, rounded(places[0] * height / (double) places[1]));
        } else if (high == 0) {
            height = Math.max(LEAST_SIDE, rounded(places[1] * width / (double) places[0]));
        }
        boolean crops = node.text("crop").equals("center");
        return begins(node, samples, width / PLACE, height / PLACE, crops);
    }

    static Latent upscaledBy(Node node, Sampled samples) {
        double factor = node.number("scale_by").doubleValue();
        long[] places = places(samples);
        return begins(node, samples, rounded(places[0] * factor), rounded(places[1] * factor), false);
    }

    private static Latent begins(Node node, Sampled samples, long width, long height, boolean crops) {
        if (Math.min(width, height) < 1 || Math.max(width, height) * PLACE > NodeTypes.MOST_SIDE) {
            throw new RefusedNodeException(
                    node,
                    "samples",
                    "becomes %dx%d; sides are from %d to %d"
                            .formatted(width * PLACE, height * PLACE, PLACE, NodeTypes.MOST_SIDE));
        }
        String size = width * PLACE + "x" + height * PLACE;
        return begins(node, samples, size, new Resized(samples, node.text("upscale_method"), crops));
    }

    private static Latent begins(Node node, Sampled samples, String size, Resized resized) {
        return new Latent(node, "", size, samples.count(), Optional.empty(), Optional.empty(), Optional.of(resized));
    }

    private static long[] places(Sampled samples) {
        return Arrays.stream(samples.size().split("x"))
                .mapToLong(side -> Math.max(1, Integer.parseInt(side) / PLACE))
                .toArray();
    }

    /** Python rounds halves to even. */
    private static long rounded(double places) {
        return (long) Math.rint(places);
    }
}
