package dev.weir.engine.image;

import dev.weir.engine.RgbImage;
import java.awt.Point;
import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;

/** Pictures as the JDK's image writers take them, over the same bytes, and as its readers give them. */
final class Rasters {

    private static final int[] RED_GREEN_BLUE = {0, 1, 2};

    private Rasters() {}

    static BufferedImage over(RgbImage image) {
        var pixels = new DataBufferByte(image.pixels(), image.pixels().length);
        var raster = Raster.createInterleavedRaster(
                pixels, image.width(), image.height(), 3 * image.width(), 3, RED_GREEN_BLUE, new Point());
        var colors = new ComponentColorModel(
                ColorSpace.getInstance(ColorSpace.CS_sRGB), false, false, Transparency.OPAQUE, DataBuffer.TYPE_BYTE);
        return new BufferedImage(colors, raster, false, null);
    }

    /**
     * The values of a picture; of 16 bits, the upper 8. Ignores the image's colour model, except a palette: it would convert grey
     * and profiled colours.
     */
    static Bitmap bitmap(BufferedImage image) {
        return image.getColorModel() instanceof IndexColorModel palette
                ? indexed(image, palette)
                : direct(image.getRaster(), image.getColorModel().getComponentSize(0) - Byte.SIZE);
    }

    /** The same, but both bytes of grey values of 16 bits. */
    static Bitmap deep(BufferedImage image) {
        Raster raster = image.getRaster();
        boolean isDeepGrey = raster.getNumBands() <= 2 && image.getColorModel().getComponentSize(0) == Short.SIZE;
        if (!isDeepGrey) {
            return bitmap(image);
        }
        var bitmap = Bitmap.black(raster.getWidth(), raster.getHeight(), Bitmap.DEEP_GREY);
        int[] row = null;
        int at = 0;
        for (int y = 0; y < raster.getHeight(); y++) {
            row = raster.getSamples(0, y, raster.getWidth(), 1, 0, row);
            for (int value : row) {
                bitmap.values()[at++] = (byte) (value >> Byte.SIZE);
                bitmap.values()[at++] = (byte) value;
            }
        }
        return bitmap;
    }

    private static Bitmap direct(Raster raster, int excessBits) {
        int bands = raster.getNumBands();
        int channels = bands == 2 ? Bitmap.RGBA : bands;
        var bitmap = Bitmap.black(raster.getWidth(), raster.getHeight(), channels);
        int[] row = null;
        int at = 0;
        for (int y = 0; y < raster.getHeight(); y++) {
            row = raster.getPixels(0, y, raster.getWidth(), 1, row);
            for (int x = 0; x < raster.getWidth(); x++) {
                for (int channel = 0; channel < channels; channel++) {
                    int band = bands == 2 ? channel / 3 : channel;
                    bitmap.values()[at++] = (byte) (row[bands * x + band] >> excessBits);
                }
            }
        }
        return bitmap;
    }

    private static Bitmap indexed(BufferedImage image, IndexColorModel palette) {
        int channels = palette.hasAlpha() ? Bitmap.RGBA : Bitmap.RGB;
        var bitmap = Bitmap.black(image.getWidth(), image.getHeight(), channels);
        int[] row = null;
        int at = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            row = image.getRaster().getPixels(0, y, image.getWidth(), 1, row);
            for (int index : row) {
                int color = palette.getRGB(index);
                for (int shift : new int[] {16, 8, 0, 24}) {
                    if (shift < 24 || palette.hasAlpha()) {
                        bitmap.values()[at++] = (byte) (color >> shift);
                    }
                }
            }
        }
        return bitmap;
    }
}
