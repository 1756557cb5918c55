package dev.weir.engine.image;

import dev.weir.engine.RgbImage;
import java.awt.Point;
import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;

/** Pictures as the JDK's image writers take them, over the same bytes. */
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
}
