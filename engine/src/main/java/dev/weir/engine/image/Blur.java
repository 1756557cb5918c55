package dev.weir.engine.image;

/**
 * PIL's {@code GaussianBlur} of 8-bit pictures: three box blurs of rows, then three of columns (Gwosdek et al. 2011), each
 * rounded to bytes. Stateless; any thread.
 */
final class Blur {

    private static final int PASSES = 3;
    private static final int BITS = 24;

    private Blur() {}

    /** @param deviation of the Gaussian, in pixels; 0 changes nothing */
    static Bitmap gaussian(Bitmap image, double deviation) {
        if (deviation == 0) {
            return image;
        }
        float radius = boxRadius((float) deviation);
        var out = new Bitmap(
                image.width(), image.height(), image.channels(), image.values().clone());
        int row = image.width() * image.channels();
        for (int y = 0; y < image.height(); y++) {
            for (int channel = 0; channel < image.channels(); channel++) {
                blurLine(out.values(), y * row + channel, image.channels(), image.width(), radius);
            }
        }
        for (int at = 0; at < row; at++) {
            blurLine(out.values(), at, row, image.height(), radius);
        }
        return out;
    }

    /** The radius of a box, with a fraction, whose repetition has the deviation of the Gaussian. In PIL's float arithmetic. */
    private static float boxRadius(float deviation) {
        float variance = deviation * deviation / PASSES;
        float length = (float) Math.sqrt(12.0 * variance + 1.0);
        float whole = (float) Math.floor((length - 1.0) / 2.0);
        float fraction = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
        fraction /= 6 * (variance - (whole + 1) * (whole + 1));
        return whole + fraction;
    }

    private static void blurLine(byte[] values, int from, int stride, int length, float floatRadius) {
        int radius = (int) floatRadius;
        long inner = (long) ((1 << BITS) / (floatRadius * 2 + 1));
        long outer = ((1 << BITS) - (radius * 2 + 1) * inner) / 2;
        var line = new int[length];
        for (int i = 0; i < length; i++) {
            line[i] = values[from + i * stride] & 0xFF;
        }
        for (int pass = 0; pass < PASSES; pass++) {
            line = box(line, radius, inner, outer);
        }
        for (int i = 0; i < length; i++) {
            values[from + i * stride] = (byte) line[i];
        }
    }

    /** Beyond its ends a line continues with its first and its last pixel. */
    private static int[] box(int[] line, int radius, long inner, long outer) {
        int last = line.length - 1;
        var out = new int[line.length];
        long sum = 0;
        for (int i = -radius - 1; i < radius; i++) {
            sum += line[clamp(i, last)];
        }
        for (int x = 0; x <= last; x++) {
            sum += line[clamp(x + radius, last)] - line[clamp(x - radius - 1, last)];
            long ends = line[clamp(x - radius - 1, last)] + line[clamp(x + radius + 1, last)];
            out[x] = (int) ((sum * inner + ends * outer + (1 << (BITS - 1))) >> BITS);
        }
        return out;
    }

    private static int clamp(int at, int last) {
        return Math.min(last, Math.max(0, at));
    }
}
