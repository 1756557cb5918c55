package dev.weir.engine.image;

/**
 * Resizes pictures as PIL 13 does, to the bit: when a picture becomes smaller, the filter is stretched so that all pixels count;
 * one axis is computed after the other with weights of 22 bits and rounded to bytes. Stateless; any thread.
 */
public final class Resampler {

    private static final int BITS = 22;

    private Resampler() {}

    /** The whole picture at another size. Alpha is resized like a colour: give opaque pictures. */
    public static Bitmap resize(Bitmap image, int width, int height, Filter filter) {
        return resize(image, Region.of(image), width, height, filter);
    }

    /** A part of the picture at another size. The part may be empty: then it is a line between two pixels. */
    static Bitmap resize(Bitmap image, Region part, int width, int height, Filter filter) {
        if (width < 1 || height < 1) {
            throw new IllegalArgumentException("a picture cannot have the size %dx%d".formatted(width, height));
        }
        if (part.width() == width && part.height() == height) {
            return image.crop(part);
        }
        if (filter == Filter.NEAREST) {
            return nearest(image, part, width, height);
        }
        var across = Axis.of(image.width(), part.left(), part.right(), width, filter);
        var down = Axis.of(image.height(), part.top(), part.bottom(), height, filter);
        boolean columnsStay = image.width() == width && part.left() == 0 && part.right() == width;
        boolean rowsStay = image.height() == height && part.top() == 0 && part.bottom() == height;
        if (columnsStay || rowsStay) {
            return columnsStay ? rows(image, down) : columns(image, across);
        }
        return rowsFirst(image, width, height)
                ? columns(rows(image, down), across)
                : rows(columns(image, across), down);
    }

    /** PIL's choice, as measured: older versions than 13 begin with the columns always, which changes single levels. */
    private static boolean rowsFirst(Bitmap image, int width, int height) {
        return height < image.height() && image.height() - height > 2 * (image.width() - width);
    }

    private static Bitmap columns(Bitmap image, Axis across) {
        int channels = image.channels();
        var out = Bitmap.black(across.size(), image.height(), channels);
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < across.size(); x++) {
                int from = (y * image.width() + across.first[x]) * channels;
                for (int channel = 0; channel < channels; channel++) {
                    out.values()[(y * across.size() + x) * channels + channel] =
                            weighted(image.values(), from + channel, channels, across.weights[x]);
                }
            }
        }
        return out;
    }

    private static Bitmap rows(Bitmap image, Axis down) {
        int row = image.width() * image.channels();
        var out = Bitmap.black(image.width(), down.size(), image.channels());
        for (int y = 0; y < down.size(); y++) {
            for (int at = 0; at < row; at++) {
                out.values()[y * row + at] = weighted(image.values(), down.first[y] * row + at, row, down.weights[y]);
            }
        }
        return out;
    }

    private static byte weighted(byte[] values, int from, int stride, int[] weights) {
        int sum = 1 << (BITS - 1);
        for (int i = 0; i < weights.length; i++) {
            sum += (values[from + i * stride] & 0xFF) * weights[i];
        }
        return (byte) Math.min(255, Math.max(0, sum >> BITS));
    }

    private static Bitmap nearest(Bitmap image, Region part, int width, int height) {
        var columns = nearest(part.left(), part.right(), width);
        var rows = nearest(part.top(), part.bottom(), height);
        int channels = image.channels();
        var out = Bitmap.black(width, height, channels);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                System.arraycopy(
                        image.values(),
                        (rows[y] * image.width() + columns[x]) * channels,
                        out.values(),
                        (y * width + x) * channels,
                        channels);
            }
        }
        return out;
    }

    /** The old pixel of each new one. Sums up, since PIL does: the rounding is the same. */
    private static int[] nearest(int first, int end, int size) {
        var old = new int[size];
        double step = (double) (end - first) / size;
        double at = first + step * 0.5;
        for (int i = 0; i < size; i++) {
            old[i] = (int) at;
            at += step;
        }
        return old;
    }

    /** For each new pixel of a row or column, the first old one that counts, and the weights from there. */
    private record Axis(int[] first, int[][] weights) {

        static Axis of(int length, int begin, int end, int size, Filter filter) {
            var axis = new Axis(new int[size], new int[size][]);
            double scale = (double) (end - begin) / size;
            double stretch = Math.max(scale, 1);
            double support = filter.support() * stretch;
            for (int i = 0; i < size; i++) {
                double center = begin + (i + 0.5) * scale;
                int first = Math.max(0, (int) (center - support + 0.5));
                int count = Math.min(length, (int) (center + support + 0.5)) - first;
                var shares = new double[count];
                double sum = 0;
                for (int j = 0; j < count; j++) {
                    shares[j] = filter.weight((j + first - center + 0.5) * (1 / stretch));
                    sum += shares[j];
                }
                axis.first[i] = first;
                axis.weights[i] = new int[count];
                for (int j = 0; j < count; j++) {
                    double share = sum == 0 ? shares[j] : shares[j] / sum;
                    axis.weights[i][j] = (int) (Math.copySign(0.5, share) + share * (1 << BITS));
                }
            }
            return axis;
        }

        int size() {
            return first.length;
        }
    }
}
