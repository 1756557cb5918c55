package dev.weir.engine.image;

import dev.weir.engine.RgbImage;
import java.util.Map;

/**
 * An image as the bytes of a file. The same image and text always give the same bytes.
 *
 * @param bytes the whole file
 */
public record ImageFile(ImageFormat format, byte[] bytes) {

    /** The best quality of JPEG and WebP. PNG has no quality. */
    public static final int BEST_QUALITY = 100;

    /**
     * @param quality of a JPEG or a WebP, 1 to 100, where a WebP of 100 is lossless; ignored for PNG, which always is
     * @param text by keyword, in this order; a PNG stores it in text chunks, a WebP as EXIF, a JPEG does not store it
     */
    public static ImageFile encode(RgbImage image, ImageFormat format, int quality, Map<String, String> text) {
        return switch (format) {
            case PNG -> new ImageFile(format, PngWriter.write(image, text));
            case JPEG -> new ImageFile(format, JpegWriter.write(image, quality));
            case WEBP -> new ImageFile(format, WebpWriter.write(image, quality, text));
        };
    }
}
