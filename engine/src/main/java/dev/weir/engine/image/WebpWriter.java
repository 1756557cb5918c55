package dev.weir.engine.image;

import com.sun.jna.Memory;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import dev.weir.engine.Natives;
import dev.weir.engine.RgbImage;
import dev.weir.picture.RiffChunk;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Map;

/** WebP by libwebp, with the text as EXIF. At the best quality it loses nothing. Stateless; any thread. */
final class WebpWriter {

    /** What the format's header has room for. */
    private static final int MOST_SIDE = 16_383;

    private static final int RIFF_HEADER = 12;
    private static final byte HAS_EXIF = 0x08;

    /** Loaded once: each load may unpack the library into another temporary file. */
    private static final class Library {

        static final NativeLibrary LIBWEBP = NativeLibrary.getInstance(Natives.libwebp());
    }

    private WebpWriter() {}

    static byte[] write(RgbImage image, int quality, Map<String, String> text) {
        if (quality < 1 || quality > ImageFile.BEST_QUALITY) {
            throw new IllegalArgumentException("webp quality must be between 1 and 100, not " + quality);
        }
        if (Math.max(image.width(), image.height()) > MOST_SIDE) {
            throw new IllegalArgumentException(
                    "%dx%d pixels: a WebP has at most %d each way".formatted(image.width(), image.height(), MOST_SIDE));
        }
        var file = encoded(image, quality);
        return text.isEmpty() ? file : withExif(image, file, ExifText.of(text));
    }

    private static byte[] encoded(RgbImage image, int quality) {
        var library = Library.LIBWEBP;
        var result = new PointerByReference();
        try (var pixels = new Memory(image.pixels().length)) {
            pixels.write(0, image.pixels(), 0, image.pixels().length);
            int stride = Bitmap.RGB * image.width();
            long length = quality == ImageFile.BEST_QUALITY
                    ? call(library, "WebPEncodeLosslessRGB", pixels, image.width(), image.height(), stride, result)
                    : call(
                            library,
                            "WebPEncodeRGB",
                            pixels,
                            image.width(),
                            image.height(),
                            stride,
                            (float) quality,
                            result);
            Pointer bytes = result.getValue();
            if (length == 0 || bytes == null) {
                throw new IllegalStateException("libwebp encodes no picture of %dx%d: it has no memory for it"
                        .formatted(image.width(), image.height()));
            }
            try {
                return bytes.getByteArray(0, Math.toIntExact(length));
            } finally {
                library.getFunction("WebPFree").invokeVoid(new Object[] {bytes});
            }
        }
    }

    private static long call(NativeLibrary library, String function, Object... arguments) {
        return library.getFunction(function).invokeLong(arguments);
    }

    /** The extended form of the file: a chunk of features, the picture, and the block. */
    private static byte[] withExif(RgbImage image, byte[] file, byte[] exif) {
        var features = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN);
        features.putInt(HAS_EXIF).putShort((short) (image.width() - 1)).put((byte) 0);
        features.putShort((short) (image.height() - 1)).put((byte) 0);
        var chunks = new ByteArrayOutputStream(file.length + exif.length + 64);
        chunks.writeBytes(RiffChunk.of("VP8X", features.array()));
        chunks.writeBytes(Arrays.copyOfRange(file, RIFF_HEADER, file.length));
        chunks.writeBytes(RiffChunk.of("EXIF", exif));
        return RiffChunk.webp(chunks.toByteArray());
    }
}
