package dev.weir.engine.image;

/**
 * Colours from around a part of a picture in its place, as {@code fill} of Stable Diffusion web UI's {@code masking.py} does it with PIL:
 * blurs of what is kept, the widest below. Stateless; any thread.
 */
public final class MaskFill {

    /** A deviation, and how often its result is laid over the others. */
    private static final int[][] BLURS = {{256, 1}, {64, 1}, {16, 2}, {4, 4}, {2, 2}, {0, 1}};

    private static final int ALPHA = 3;

    private MaskFill() {}

    /** @param mask white where the picture is replaced; of its size */
    public static Bitmap of(Bitmap picture, Bitmap mask) {
        Bitmap kept = kept(picture.rgb(), mask.grey());
        int[] filled = new int[kept.values().length];
        for (int[] blur : BLURS) {
            Bitmap blurred = Blur.gaussian(kept, blur[0]);
            for (int i = 0; i < blur[1]; i++) {
                layOver(blurred.values(), filled);
            }
        }
        var values = new byte[filled.length];
        for (int i = 0; i < filled.length; i++) {
            values[i] = (byte) filled[i];
        }
        return new Bitmap(picture.width(), picture.height(), Bitmap.RGBA, values).rgb();
    }

    /** The picture with the mask's transparency; colours are multiplied by their alpha. */
    private static Bitmap kept(Bitmap picture, Bitmap mask) {
        var values = new byte[picture.width() * picture.height() * Bitmap.RGBA];
        for (int pixel = 0; pixel < mask.values().length; pixel++) {
            int share = 255 - (mask.values()[pixel] & 0xFF);
            for (int channel = 0; channel < Bitmap.RGB; channel++) {
                int color = picture.values()[pixel * Bitmap.RGB + channel] & 0xFF;
                values[pixel * Bitmap.RGBA + channel] = (byte) by255(color * share);
            }
            values[pixel * Bitmap.RGBA + ALPHA] = (byte) by255(255 * share);
        }
        return new Bitmap(picture.width(), picture.height(), Bitmap.RGBA, values);
    }

    /** PIL's {@code alpha_composite}, whose colours are not multiplied. */
    private static void layOver(byte[] over, int[] under) {
        for (int at = 0; at < under.length; at += Bitmap.RGBA) {
            int alpha = over[at + ALPHA] & 0xFF;
            if (alpha == 0) {
                continue;
            }
            int whole = alpha * 255 + under[at + ALPHA] * (255 - alpha);
            int share = (int) (alpha * 255L * 255 * 128 / whole);
            for (int channel = 0; channel < Bitmap.RGB; channel++) {
                int multiplied = over[at + channel] & 0xFF;
                int color = alpha == 255 ? multiplied : Math.min(255, 255 * multiplied / alpha);
                int sum = color * share + under[at + channel] * (255 * 128 - share);
                under[at + channel] = shifted(sum + (0x80 << 7)) >> 7;
            }
            under[at + ALPHA] = shifted(whole + 0x80);
        }
    }

    private static int by255(int value) {
        return shifted(value + 128);
    }

    private static int shifted(int value) {
        return ((value >> 8) + value) >> 8;
    }
}
