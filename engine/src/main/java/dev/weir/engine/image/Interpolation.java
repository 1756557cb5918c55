package dev.weir.engine.image;

import dev.weir.engine.LatentShape;
import java.util.Locale;

/**
 * Planes of numbers at another size, as {@code torch.nn.functional.interpolate} computes them, without aligned corners where a name does
 * not say so. Pixels are areas, and the outermost ones continue past the edge. One axis is computed after the other. Stateless; any
 * thread. {@link #BISLERP} is ComfyUI's own.
 */
public enum Interpolation {
    NEAREST,
    NEAREST_EXACT,
    BILINEAR,
    BILINEAR_ANTIALIASED,
    BICUBIC,
    BICUBIC_ANTIALIASED,
    /**
     * Where PyTorch is asked for both, it takes the distance between new pixels from aligned corners, and the place of the first one from
     * areas.
     */
    BICUBIC_ANTIALIASED_ALIGNED,
    /** The mean of the pixels that a new one touches. */
    AREA,
    /** See {@link Bislerp}. */
    BISLERP;

    private static final float CUBIC = -0.75f;
    private static final int CUBIC_TAPS = 4;

    /** As requests name it: {@code nearest-exact}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** {@code [channels, height, width]} at another height and width. */
    public float[] resize(LatentShape shape, float[] planes, int height, int width) {
        if (this == BISLERP) {
            return Bislerp.resize(shape, planes, height, width);
        }
        Axis rows = axis(shape.height(), height);
        Axis columns = axis(shape.width(), width);
        float[] wide = new float[shape.channels() * shape.height() * width];
        for (int line = 0; line < shape.channels() * shape.height(); line++) {
            for (int x = 0; x < width; x++) {
                wide[line * width + x] = columns.at(x, planes, line * shape.width(), 1);
            }
        }
        float[] resized = new float[shape.channels() * height * width];
        for (int channel = 0; channel < shape.channels(); channel++) {
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    resized[(channel * height + y) * width + x] =
                            rows.at(y, wide, channel * shape.height() * width + x, width);
                }
            }
        }
        return resized;
    }

    /** The same of the part in the middle that has the proportions of the new size, as ComfyUI crops. */
    public float[] resizeMiddle(LatentShape shape, float[] planes, int height, int width) {
        double old = (double) shape.width() / shape.height();
        double wanted = (double) width / height;
        int left = old > wanted ? (int) Math.rint((shape.width() - shape.width() * (wanted / old)) / 2) : 0;
        int top = old < wanted ? (int) Math.rint((shape.height() - shape.height() * (old / wanted)) / 2) : 0;
        LatentShape middle = new LatentShape(shape.channels(), shape.height() - 2 * top, shape.width() - 2 * left);
        float[] part = new float[middle.size()];
        for (int line = 0; line < middle.channels() * middle.height(); line++) {
            int row = line / middle.height() * shape.height() + top + line % middle.height();
            System.arraycopy(planes, row * shape.width() + left, part, line * middle.width(), middle.width());
        }
        return resize(middle, part, height, width);
    }

    private Axis axis(int length, int newLength) {
        Axis axis = new Axis(new int[newLength][], new float[newLength][]);
        float scale = (float) length / newLength;
        for (int i = 0; i < newLength; i++) {
            switch (this) {
                case NEAREST -> axis.one(i, Math.min((int) (i * scale), length - 1));
                case NEAREST_EXACT -> axis.one(i, Math.min((int) ((i + 0.5f) * scale), length - 1));
                case BILINEAR -> linear(axis, i, length, Math.max(scale * (i + 0.5f) - 0.5f, 0));
                case BICUBIC -> cubic(axis, i, length, scale * (i + 0.5f) - 0.5f);
                case BILINEAR_ANTIALIASED -> filtered(axis, i, length, scale, Filter.BILINEAR);
                case BICUBIC_ANTIALIASED -> filtered(axis, i, length, scale, Filter.BICUBIC);
                case BICUBIC_ANTIALIASED_ALIGNED ->
                    filtered(axis, i, length, aligned(length, newLength), Filter.BICUBIC);
                case BISLERP -> throw new IllegalStateException("it is no sum of pixels");
                case AREA -> mean(axis, i, i * length / newLength, ((i + 1) * length + newLength - 1) / newLength);
            }
        }
        return axis;
    }

    private static float aligned(int length, int newLength) {
        return newLength == 1 ? 0 : (length - 1f) / (newLength - 1);
    }

    private static void linear(Axis axis, int i, int length, float place) {
        int before = Math.min((int) place, length - 1);
        float share = place - before;
        axis.source[i] = new int[] {before, Math.min(before + 1, length - 1)};
        axis.weight[i] = new float[] {1 - share, share};
    }

    /** From four neighbours, also for smaller sizes. */
    private static void cubic(Axis axis, int i, int length, float place) {
        int before = (int) Math.floor(place);
        float share = place - before;
        axis.source[i] = new int[CUBIC_TAPS];
        axis.weight[i] = new float[CUBIC_TAPS];
        for (int tap = 0; tap < CUBIC_TAPS; tap++) {
            axis.source[i][tap] = Math.max(0, Math.min(length - 1, before - 1 + tap));
            axis.weight[i][tap] = cubic(Math.abs(share + 1 - tap));
        }
    }

    private static float cubic(float distance) {
        return distance <= 1
                ? ((CUBIC + 2) * distance - (CUBIC + 3)) * distance * distance + 1
                : ((CUBIC * distance - 5 * CUBIC) * distance + 8 * CUBIC) * distance - 4 * CUBIC;
    }

    /** The filter is stretched where the planes become smaller, so that all pixels count. */
    private static void filtered(Axis axis, int i, int length, float scale, Filter filter) {
        double stretch = Math.max(scale, 1);
        double support = filter.support() * stretch;
        double center = scale * (i + 0.5);
        int first = Math.max(0, (int) (center - support + 0.5));
        int count = Math.min(length, (int) (center + support + 0.5)) - first;
        axis.source[i] = new int[count];
        axis.weight[i] = new float[count];
        double sum = 0;
        for (int j = 0; j < count; j++) {
            sum += filter.weight((j + first - center + 0.5) / stretch);
        }
        for (int j = 0; j < count; j++) {
            axis.source[i][j] = first + j;
            axis.weight[i][j] = (float) (filter.weight((j + first - center + 0.5) / stretch) / sum);
        }
    }

    private static void mean(Axis axis, int i, int first, int end) {
        axis.source[i] = new int[end - first];
        axis.weight[i] = new float[end - first];
        for (int j = 0; j < end - first; j++) {
            axis.source[i][j] = first + j;
            axis.weight[i][j] = 1f / (end - first);
        }
    }

    /** For each new pixel of a row or column its old ones, and the share of each. */
    private record Axis(int[][] source, float[][] weight) {

        void one(int i, int old) {
            source[i] = new int[] {old};
            weight[i] = new float[] {1};
        }

        float at(int i, float[] values, int offset, int stride) {
            float sum = 0;
            for (int tap = 0; tap < source[i].length; tap++) {
                sum += weight[i][tap] * values[offset + source[i][tap] * stride];
            }
            return sum;
        }
    }
}
