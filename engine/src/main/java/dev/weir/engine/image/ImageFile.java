package dev.weir.engine.image;

import dev.weir.engine.RgbImage;
import java.util.Map;

/**
 * A picture as the bytes of a file. The same picture and text always give the same bytes.
 *
 * @param bytes the whole file
 */
public record ImageFile(ImageFormat format, byte[] bytes) {

    /** As good as JPEG gets; PNG has no quality. */
    public static final int BEST_QUALITY = 100;

    /**
     * @param quality of a JPEG, 1 to 100; a PNG keeps every bit and ignores it
     * @param text by keyword, in this order; a PNG keeps it in text chunks, a JPEG has no place for it
     */
    public static ImageFile encode(RgbImage image, ImageFormat format, int quality, Map<String, String> text) {
        return switch (format) {
            case PNG -> new ImageFile(format, PngWriter.write(image, text));
            case JPEG -> new ImageFile(format, JpegWriter.write(image, quality));
        };
    }
}
