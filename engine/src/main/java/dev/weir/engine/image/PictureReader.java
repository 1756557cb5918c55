package dev.weir.engine.image;

import java.util.Locale;

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

        public static final Limits DEFAULT = new Limits(16L << 20, 20_000_000);
    }

    /** Throws {@link PictureException} that says what is wrong with the file. */
    public static Bitmap read(byte[] file, Limits limits) {
        var found = find(file, limits);
        return found.orientation().upright(found.decode());
    }

    /** The same, with 16 bits where the file is a grey PNG of so many. */
    static Bitmap readDeep(byte[] file, Limits limits) {
        var found = find(file, limits);
        boolean isPng = Bytes.startWith(file, PngFile.SIGNATURE);
        var bitmap = isPng ? found.decode(reader -> Rasters.deep(reader.read(0))) : found.decode();
        return found.orientation().upright(bitmap);
    }

    private static FoundPicture find(byte[] file, Limits limits) {
        if (file.length > limits.bytes()) {
            throw new PictureException("the file has %s; at most %s are allowed"
                    .formatted(mebibytes(file.length), mebibytes(limits.bytes())));
        }
        var found = Bytes.startWith(file, PngFile.SIGNATURE)
                ? PngFile.of(file)
                : Bytes.startWith(file, JpegFile.SIGNATURE)
                        ? JpegFile.of(file)
                        : WebpFile.isWebp(file) ? WebpFile.of(file) : null;
        if (found == null) {
            throw new PictureException("the file is no PNG, JPEG or WebP picture");
        }
        if (found.pixels() > limits.pixels()) {
            throw new PictureException("the picture has %dx%d pixels; at most %s megapixels are allowed"
                    .formatted(found.width(), found.height(), megapixels(limits.pixels())));
        }
        return found;
    }

    private static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20));
    }

    private static String megapixels(long pixels) {
        return String.format(Locale.ROOT, "%.1f", pixels / 1e6).replace(".0", "");
    }
}
