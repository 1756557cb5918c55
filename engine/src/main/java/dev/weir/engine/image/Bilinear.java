package dev.weir.engine.image;

import dev.weir.engine.LatentShape;

/**
 * Enlargement of planes by a whole factor, as {@code torch.nn.functional.interpolate(mode="bilinear",
 * align_corners=False)} does it: pixels are areas, and the outermost ones continue past the edge.
 */
public final class Bilinear {

    private Bilinear() {}

    /** {@code [channels, height, width]} to {@code [channels, factor * height, factor * width]}. */
    public static float[] enlarge(LatentShape shape, float[] planes, int factor) {
        if (factor < 1) {
            throw new IllegalArgumentException("an enlargement is at least 1, not " + factor);
        }
        Axis rows = Axis.of(shape.height(), factor);
        Axis columns = Axis.of(shape.width(), factor);
        int area = shape.height() * shape.width();
        float[] large = new float[Math.multiplyExact(planes.length, factor * factor)];
        int at = 0;
        for (int channel = 0; channel < shape.channels(); channel++) {
            for (int y = 0; y < rows.length(); y++) {
                int upper = channel * area + rows.before[y] * shape.width();
                int lower = channel * area + rows.after[y] * shape.width();
                float down = rows.share[y];
                for (int x = 0; x < columns.length(); x++) {
                    int left = columns.before[x];
                    int right = columns.after[x];
                    float across = columns.share[x];
                    float above = (1 - across) * planes[upper + left] + across * planes[upper + right];
                    float below = (1 - across) * planes[lower + left] + across * planes[lower + right];
                    large[at++] = (1 - down) * above + down * below;
                }
            }
        }
        return large;
    }

    /** For each new pixel of a row or column, its two old neighbours and the share of the second. */
    private record Axis(int[] before, int[] after, float[] share) {

        static Axis of(int length, int factor) {
            Axis axis = new Axis(new int[length * factor], new int[length * factor], new float[length * factor]);
            for (int i = 0; i < length * factor; i++) {
                float source = Math.max((i + 0.5f) / factor - 0.5f, 0);
                axis.before[i] = (int) source;
                axis.after[i] = Math.min(axis.before[i] + 1, length - 1);
                axis.share[i] = source - axis.before[i];
            }
            return axis;
        }

        int length() {
            return before.length;
        }
    }
}
