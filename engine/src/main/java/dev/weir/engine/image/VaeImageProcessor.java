package dev.weir.engine.image;

import dev.weir.engine.RgbImage;

/**
 * Prepares pictures and masks for a VAE and puts its pictures back, as {@code VaeImageProcessor} of diffusers does, to the
 * bit. A mask is white where a picture is to be painted. Stateless; any thread.
 */
public final class VaeImageProcessor {

    private static final int HALF = 128;

    /** What happens to a picture whose sides have another ratio than the size asked for. */
    public enum Fit {
        /** It is stretched. */
        STRETCH,
        /** It keeps its ratio, and its edges are continued. */
        FILL,
        /** It keeps its ratio and loses its edges. */
        CROP
    }

    private VaeImageProcessor() {}

    /** A side rounded down to what a VAE takes. */
    public static int floor(int side, int factor) {
        return side - side % factor;
    }

    /** A picture at another size, with Lanczos' filter. */
    public static Bitmap resize(Bitmap image, int width, int height, Fit fit) {
        return switch (fit) {
            case STRETCH -> Resampler.resize(image, width, height, Filter.LANCZOS);
            case FILL -> fill(image, width, height);
            case CROP -> crop(image, width, height);
        };
    }

    /** A part of a picture at the size of a part of the work: what is asked for in {@code padding_mask_crop}. */
    public static Bitmap resize(Bitmap image, Region part, int width, int height) {
        return fill(image.crop(part), width, height);
    }

    /** Values in [-1, 1], {@code [3, height, width]}. */
    public static float[] pixels(Bitmap image) {
        var rgb = image.rgb();
        int area = rgb.width() * rgb.height();
        var pixels = new float[Bitmap.RGB * area];
        for (int i = 0; i < pixels.length; i++) {
            int value = rgb.values()[i % area * Bitmap.RGB + i / area] & 0xFF;
            pixels[i] = 2 * (value / 255f) - 1;
        }
        return pixels;
    }

    /** Values in [0, 1], {@code [3, height, width]}. */
    public static float[] shares(Bitmap image) {
        var rgb = image.rgb();
        int area = rgb.width() * rgb.height();
        var shares = new float[Bitmap.RGB * area];
        for (int i = 0; i < shares.length; i++) {
            shares[i] = (rgb.values()[i % area * Bitmap.RGB + i / area] & 0xFF) / 255f;
        }
        return shares;
    }

    /** 1 where the mask is at least half white, else 0: {@code [height, width]}. */
    public static float[] mask(Bitmap mask) {
        var grey = mask.grey();
        var binary = new float[grey.values().length];
        for (int i = 0; i < binary.length; i++) {
            binary[i] = (grey.values()[i] & 0xFF) >= HALF ? 1 : 0;
        }
        return binary;
    }

    /** A picture in [-1, 1] with 0 where the mask is 1: what an inpainting network sees beside its sample. */
    public static float[] masked(float[] pixels, float[] mask) {
        var masked = new float[pixels.length];
        for (int i = 0; i < pixels.length; i++) {
            masked[i] = mask[i % mask.length] < 0.5f ? pixels[i] : 0;
        }
        return masked;
    }

    /** A mask with soft edges. */
    public static Bitmap blur(Bitmap mask, double deviation) {
        return Blur.gaussian(mask, deviation);
    }

    private static Bitmap crop(Bitmap image, int width, int height) {
        double ratio = (double) width / height;
        double own = (double) image.width() / image.height();
        int scaledWidth = ratio > own ? width : (int) ((long) image.width() * height / image.height());
        int scaledHeight = ratio <= own ? height : (int) ((long) image.height() * width / image.width());
        var resized = Resampler.resize(image, scaledWidth, scaledHeight, Filter.LANCZOS);
        return Bitmap.black(width, height, image.channels())
                .paste(resized, width / 2 - scaledWidth / 2, height / 2 - scaledHeight / 2);
    }

    private static Bitmap fill(Bitmap image, int width, int height) {
        double ratio = (double) width / height;
        double own = (double) image.width() / image.height();
        int scaledWidth = ratio < own ? width : (int) ((long) image.width() * height / image.height());
        int scaledHeight = ratio >= own ? height : (int) ((long) image.height() * width / image.width());
        var resized = Resampler.resize(image, scaledWidth, scaledHeight, Filter.LANCZOS);
        int left = width / 2 - scaledWidth / 2;
        int top = height / 2 - scaledHeight / 2;
        var whole = Bitmap.black(width, height, image.channels()).paste(resized, left, top);
        if (ratio < own && top > 0) {
            var above = line(resized, new Region(0, 0, width, 0), width, top);
            var below = line(resized, new Region(0, scaledHeight, width, scaledHeight), width, top);
            return whole.paste(above, 0, 0).paste(below, 0, top + scaledHeight);
        }
        if (ratio > own && left > 0) {
            var before = line(resized, new Region(0, 0, 0, height), left, height);
            var after = line(resized, new Region(scaledWidth, 0, scaledWidth, height), left, height);
            return whole.paste(before, 0, 0).paste(after, left + scaledWidth, 0);
        }
        return whole;
    }

    /** An edge as a picture of its own, with PIL's default filter. */
    private static Bitmap line(Bitmap image, Region edge, int width, int height) {
        return Resampler.resize(image, edge, width, height, Filter.BICUBIC);
    }

    /**
     * Puts a painted picture over the original: what the mask leaves black stays the original's, grey mixes.
     *
     * @param part of the original that was painted, from {@link MaskRegion}
     */
    public static RgbImage overlay(Bitmap mask, Bitmap original, RgbImage painted, Region part) {
        var fitted = resize(Bitmap.of(painted), part.width(), part.height(), Fit.CROP);
        var image =
                Bitmap.black(original.width(), original.height(), Bitmap.RGB).paste(fitted, part.left(), part.top());
        var grey = mask.grey();
        var kept = original.rgb();
        var out = new byte[kept.values().length];
        for (int i = 0; i < out.length; i++) {
            int alpha = 255 - (grey.values()[i / Bitmap.RGB] & 0xFF);
            out[i] = (byte) over(kept.values()[i] & 0xFF, alpha, image.values()[i] & 0xFF);
        }
        return new RgbImage(original.width(), original.height(), out);
    }

    /** PIL's arithmetic: the colour is multiplied by alpha and divided again, each rounded, then laid over the other. */
    private static int over(int color, int alpha, int under) {
        if (alpha == 0) {
            return under;
        }
        int multiplied = by255(color * alpha);
        int divided = alpha == 255 ? multiplied : Math.min(255, 255 * multiplied / alpha);
        int share = alpha << 7;
        int sum = divided * share + under * ((255 << 7) - share);
        return shifted(sum + (0x80 << 7)) >> 7;
    }

    private static int by255(int value) {
        return shifted(value + 128);
    }

    private static int shifted(int value) {
        return ((value >> 8) + value) >> 8;
    }
}
