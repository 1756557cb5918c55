package dev.weir.engine.image;

import dev.weir.engine.LatentShape;

/** Enlargement of planes, as {@code torch.nn.functional.interpolate(mode="bilinear")} does it. */
public final class Bilinear {

    private Bilinear() {}

    /**
     * {@code [channels, height, width]} to {@code [channels, factor * height, factor * width]}. Pixels are areas, and the outermost ones
     * continue past the edge ({@code align_corners=False}).
     */
    public static float[] enlarge(LatentShape shape, float[] planes, int factor) {
        if (factor < 1) {
            throw new IllegalArgumentException("an enlargement is at least 1, not " + factor);
        }
        return enlarge(shape, planes, Axis.of(shape.height(), factor), Axis.of(shape.width(), factor));
    }

    /** The same to any size. Pixels are points, and the outermost ones stay at the edges ({@code align_corners=True}). */
    public static float[] stretch(LatentShape shape, float[] planes, int height, int width) {
        return enlarge(shape, planes, Axis.between(shape.height(), height), Axis.between(shape.width(), width));
    }

    private static float[] enlarge(LatentShape shape, float[] planes, Axis rows, Axis columns) {
        int area = shape.height() * shape.width();
        float[] large = new float[Math.multiplyExact(shape.channels(), rows.length() * columns.length())];
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

        private Axis(int length) {
            this(new int[length], new int[length], new float[length]);
        }

        static Axis of(int length, int factor) {
            Axis axis = new Axis(length * factor);
            for (int i = 0; i < axis.length(); i++) {
                axis.place(i, Math.max((i + 0.5f) / factor - 0.5f, 0), length);
            }
            return axis;
        }

        static Axis between(int length, int wanted) {
            Axis axis = new Axis(wanted);
            float step = wanted > 1 ? (float) (length - 1) / (wanted - 1) : 0;
            for (int i = 0; i < wanted; i++) {
                axis.place(i, i * step, length);
            }
            return axis;
        }

        private void place(int index, float source, int length) {
            before[index] = Math.min((int) source, length - 1);
            after[index] = Math.min(before[index] + 1, length - 1);
            share[index] = source - before[index];
        }

        int length() {
            return before.length;
        }
    }
}
