package dev.weir.picture;

/**
 * A picture file, taken apart and not decoded. Immutable; any thread.
 *
 * @param width of the picture as it is stored, in pixels
 * @param orientation how it must be turned to be upright
 * @param plain a file of the same format with nothing but the pixels
 * @param colors what a decoder must know besides
 */
public record PictureFile(Format format, int width, int height, Orientation orientation, byte[] plain, Colors colors) {

    /** The longest side, in pixels. A line of millions of pixels would cost whoever resizes it much more than a square does. */
    public static final int MOST_SIDE = 16_384;

    /** The formats that are read. */
    public enum Format {
        PNG("PNG", "image/png"),
        JPEG("JPEG", "image/jpeg"),
        WEBP("WebP", "image/webp");

        private final String word;
        private final String mediaType;

        Format(String word, String mediaType) {
            this.word = word;
            this.mediaType = mediaType;
        }

        public String mediaType() {
            return mediaType;
        }

        /** For messages. */
        @Override
        public String toString() {
            return word;
        }
    }

    /** Four channels of ink need a conversion of their own. */
    public enum Colors {
        PLAIN,
        CMYK,
        /** CMYK whose first three channels are stored as luma and chroma. */
        YCCK
    }

    public PictureFile {
        if (width < 1 || height < 1) {
            throw new PictureException("the %s has no pixels: it says %dx%d".formatted(format, width, height));
        }
    }

    /** Throws {@link PictureException} that says what is wrong with the file. */
    public static PictureFile of(byte[] file) {
        if (Bytes.startWith(file, PngFile.SIGNATURE)) {
            return PngFile.of(file);
        }
        if (Bytes.startWith(file, JpegFile.SIGNATURE)) {
            return JpegFile.of(file);
        }
        if (WebpFile.isWebp(file)) {
            return WebpFile.of(file);
        }
        throw new PictureException("the file is no PNG, JPEG or WebP picture");
    }

    public long pixels() {
        return (long) width * height;
    }

    /** Whether a side is longer than {@link #MOST_SIDE}. */
    public boolean isTooLong() {
        return width > MOST_SIDE || height > MOST_SIDE;
    }

    /** Of the picture when it is upright. */
    public int uprightWidth() {
        return orientation.transposed() ? height : width;
    }

    public int uprightHeight() {
        return orientation.transposed() ? width : height;
    }
}
