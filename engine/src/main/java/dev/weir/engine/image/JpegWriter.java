package dev.weir.engine.image;

import dev.weir.engine.RgbImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Baseline JPEG by the JDK's own writer. */
final class JpegWriter {

    private JpegWriter() {}

    static byte[] write(RgbImage image, int quality) {
        if (quality < 1 || quality > ImageFile.BEST_QUALITY) {
            throw new IllegalArgumentException("jpeg quality must be between 1 and 100, not " + quality);
        }
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        var bytes = new ByteArrayOutputStream();
        try (var output = new MemoryCacheImageOutputStream(bytes)) {
            ImageWriteParam settings = writer.getDefaultWriteParam();
            settings.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            settings.setCompressionQuality(quality / (float) ImageFile.BEST_QUALITY);
            writer.setOutput(output);
            writer.write(null, new IIOImage(Rasters.over(image), null, null), settings);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }
}
