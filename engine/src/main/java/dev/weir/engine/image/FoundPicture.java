package dev.weir.engine.image;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.function.Supplier;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * A picture within a file, before it is decoded.
 *
 * @param format for messages
 * @param plain a file of the same format with nothing but the pixels
 * @param readers makes a reader of that format
 * @param decoder takes the pixels from the reader
 */
record FoundPicture(
        String format,
        int width,
        int height,
        Orientation orientation,
        byte[] plain,
        Supplier<ImageReader> readers,
        Decoder decoder) {

    interface Decoder {
        Bitmap decode(ImageReader reader) throws IOException;
    }

    FoundPicture {
        if (width < 1 || height < 1) {
            throw new PictureException("the %s has no pixels: it says %dx%d".formatted(format, width, height));
        }
    }

    long pixels() {
        return (long) width * height;
    }

    Bitmap decode() {
        return decode(decoder);
    }

    /** Hostile files make decoders throw much more than they declare. */
    Bitmap decode(Decoder by) {
        var reader = readers.get();
        try (var input = new MemoryCacheImageInputStream(new ByteArrayInputStream(plain))) {
            reader.setInput(input, true, true);
            if (reader.getWidth(0) != width || reader.getHeight(0) != height) {
                throw new PictureException("the %s is damaged: it says two different sizes".formatted(format));
            }
            return by.decode(reader);
        } catch (PictureException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw new PictureException("the %s is damaged: its pixels cannot be decoded".formatted(format), e);
        } finally {
            reader.dispose();
        }
    }
}
