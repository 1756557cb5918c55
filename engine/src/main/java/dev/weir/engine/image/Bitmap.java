package dev.weir.engine.image;

import dev.weir.engine.RgbImage;
import java.util.Arrays;

/**
 * An 8-bit picture of one channel (grey), three (RGB) or four (RGB and alpha), rows from the top: {@code [height, width,
 * channels]}. Two channels are the upper and the lower byte of grey values of 16 bits. The bytes are shared, not copied: nobody writes to them.
 */
public record Bitmap(int width, int height, int channels, byte[] values) {

    public static final int GREY = 1;
    static final int DEEP_GREY = 2;
    public static final int RGB = 3;
    public static final int RGBA = 4;

    public Bitmap {
        if (values.length != (long) width * height * channels) {
            throw new IllegalArgumentException(
                    "%d bytes do not fill %dx%d of %d channels".formatted(values.length, width, height, channels));
        }
    }

    public static Bitmap of(RgbImage image) {
        return new Bitmap(image.width(), image.height(), RGB, image.pixels());
    }

    public static Bitmap black(int width, int height, int channels) {
        return new Bitmap(width, height, channels, new byte[width * height * channels]);
    }

    int at(int x, int y, int channel) {
        return values[(y * width + x) * channels + channel] & 0xFF;
    }

    public boolean hasAlpha() {
        return channels == RGBA;
    }

    /** The colours, without alpha: what lies under transparent pixels shows, as in PIL's {@code convert("RGB")}. */
    public Bitmap rgb() {
        if (channels == RGB) {
            return this;
        }
        var rgb = new byte[width * height * RGB];
        for (int pixel = 0; pixel < width * height; pixel++) {
            for (int channel = 0; channel < RGB; channel++) {
                rgb[pixel * RGB + channel] = values[pixel * channels + (channels == GREY ? 0 : channel)];
            }
        }
        return new Bitmap(width, height, RGB, rgb);
    }

    public RgbImage image() {
        return new RgbImage(width, height, rgb().values);
    }

    /** Luma with the weights of ITU-R 601-2 in 16-bit fixed point, as PIL's {@code convert("L")}. */
    public Bitmap grey() {
        if (channels == GREY) {
            return this;
        }
        var grey = new byte[width * height];
        for (int pixel = 0; pixel < grey.length; pixel++) {
            int at = pixel * channels;
            int luma = 19595 * (values[at] & 0xFF) + 38470 * (values[at + 1] & 0xFF) + 7471 * (values[at + 2] & 0xFF);
            grey[pixel] = (byte) ((luma + 0x8000) >> 16);
        }
        return new Bitmap(width, height, GREY, grey);
    }

    /** How transparent each pixel is: white where the picture does not cover, black everywhere if it has no alpha. */
    public Bitmap transparency() {
        var mask = new byte[width * height];
        for (int pixel = 0; hasAlpha() && pixel < mask.length; pixel++) {
            mask[pixel] = (byte) ~values[pixel * RGBA + 3];
        }
        return new Bitmap(width, height, GREY, mask);
    }

    public Bitmap crop(Region region) {
        var cropped = black(region.width(), region.height(), channels);
        for (int y = 0; y < region.height(); y++) {
            System.arraycopy(
                    values,
                    ((region.top() + y) * width + region.left()) * channels,
                    cropped.values,
                    y * region.width() * channels,
                    region.width() * channels);
        }
        return cropped;
    }

    /** A copy with another picture over it, whose parts beyond the edges are left out. */
    Bitmap paste(Bitmap other, int left, int top) {
        var all = new Bitmap(width, height, channels, values.clone());
        int first = Math.max(0, -left);
        int count = Math.min(other.width - first, width - left - first);
        for (int y = Math.max(0, -top); count > 0 && y < other.height && top + y < height; y++) {
            System.arraycopy(
                    other.values,
                    (y * other.width + first) * channels,
                    all.values,
                    ((top + y) * width + left + first) * channels,
                    count * channels);
        }
        return all;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bitmap bitmap
                && width == bitmap.width
                && height == bitmap.height
                && channels == bitmap.channels
                && Arrays.equals(values, bitmap.values);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return "Bitmap[%dx%d, %d channels]".formatted(width, height, channels);
    }
}
