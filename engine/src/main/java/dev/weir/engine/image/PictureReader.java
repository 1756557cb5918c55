package dev.weir.engine.image;

import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import dev.weir.picture.PictureException;
import dev.weir.picture.PictureFile;
import dev.weir.picture.PictureFile.Colors;
import dev.weir.picture.PictureFile.Format;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Locale;
import java.util.function.Function;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Reads pictures that users send: PNG, JPEG and WebP of every usual kind, upright as their EXIF orientation says, with 8 bits a
 * channel. Colour profiles are ignored, as in PIL.
 *
 * <p>The file is taken apart first: its size is held to the limits before anything is decoded, and only the parts that hold
 * pixels reach the decoder. Uses no file and no display. Stateless; any thread. A large picture takes about 0.5 s.
 */
public final class PictureReader {

    private PictureReader() {}

    /**
     * How large a picture may be.
     *
     * @param bytes of the file
     * @param pixels of the decoded picture
     */
    public record Limits(long bytes, long pixels) {

        private static final long MOST_PIXELS = 20_000_000;
        /** Of heap for each pixel: decoders hold a picture several times, and two threads may decode. */
        private static final long HEAP_BYTES = 64;

        public static final Limits DEFAULT = ofHeap(Runtime.getRuntime().maxMemory());

        /** 20 megapixels, or fewer on a small heap. */
        static Limits ofHeap(long bytes) {
            return new Limits(16L << 20, Math.min(MOST_PIXELS, bytes / HEAP_BYTES));
        }
    }

    /** Throws {@link PictureException} that says what is wrong with the file. */
    public static Bitmap read(byte[] file, Limits limits) {
        var found = find(file, limits);
        return Upright.turned(decode(found, Rasters::bitmap), found.orientation());
    }

    /** The same, with 16 bits where the file is a grey PNG of so many. */
    static Bitmap readDeep(byte[] file, Limits limits) {
        var found = find(file, limits);
        var bitmap = decode(found, found.format() == Format.PNG ? Rasters::deep : Rasters::bitmap);
        return Upright.turned(bitmap, found.orientation());
    }

    private static PictureFile find(byte[] file, Limits limits) {
        if (file.length > limits.bytes()) {
            throw new PictureException("the file has %s; at most %s are allowed"
                    .formatted(mebibytes(file.length), mebibytes(limits.bytes())));
        }
        var found = PictureFile.of(file);
        if (found.pixels() > limits.pixels()) {
            throw new PictureException("the picture has %dx%d pixels; at most %s megapixels are allowed"
                    .formatted(found.width(), found.height(), megapixels(limits.pixels())));
        }
        if (found.isTooLong()) {
            throw new PictureException("the picture has %dx%d pixels; a side has at most %d"
                    .formatted(found.width(), found.height(), PictureFile.MOST_SIDE));
        }
        return found;
    }

    /**
     * Hostile files make decoders throw much more than they declare.
     *
     * @param values takes the values of the decoded image
     */
    private static Bitmap decode(PictureFile file, Function<BufferedImage, Bitmap> values) {
        var reader = reader(file);
        try (var input = new MemoryCacheImageInputStream(new ByteArrayInputStream(file.plain()))) {
            reader.setInput(input, true, true);
            if (reader.getWidth(0) != file.width() || reader.getHeight(0) != file.height()) {
                throw new PictureException("the %s is damaged: it says two different sizes".formatted(file.format()));
            }
            return file.colors() == Colors.PLAIN
                    ? values.apply(reader.read(0))
                    : Cmyk.rgb(reader.readRaster(0, null), file.colors() == Colors.YCCK);
        } catch (PictureException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw new PictureException("the %s is damaged: its pixels cannot be decoded".formatted(file.format()), e);
        } finally {
            reader.dispose();
        }
    }

    /** WebP's is named, since other libraries may have registered readers of native code for the format. */
    private static ImageReader reader(PictureFile file) {
        return switch (file.format()) {
            case PNG -> ImageIO.getImageReadersByFormatName("png").next();
            case JPEG -> ImageIO.getImageReadersByFormatName("jpeg").next();
            case WEBP -> new WebPImageReaderSpi().createReaderInstance(null);
        };
    }

    private static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20));
    }

    private static String megapixels(long pixels) {
        return String.format(Locale.ROOT, "%.1f", pixels / 1e6).replace(".0", "");
    }
}
