package dev.weir.picture;

import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Whether a picture file can have transparent parts, by its header. Decodes no pixels. Any thread. */
public final class Transparency {

    /** PNG's colour types with an alpha channel: grey, and RGB. */
    private static final int GREY_ALPHA = 4;

    private static final int RGB_ALPHA = 6;
    /** Signature, length and name of the first chunk, sides, depth. */
    private static final int COLOR_TYPE = PngFile.SIGNATURE.length + 17;
    /** The bit in the flags of WebP's extended files, and in the last byte of the header of lossless ones. */
    private static final int WEBP_ALPHA = 0x10;

    private static final int EXTENDED_FLAGS = 20;
    private static final int LOSSLESS_FLAGS = 24;

    private Transparency() {}

    /** @throws PictureException if the file is damaged */
    public static boolean isIn(byte[] file) {
        if (Bytes.startWith(file, PngFile.SIGNATURE) && file.length > COLOR_TYPE) {
            return file[COLOR_TYPE] == GREY_ALPHA || file[COLOR_TYPE] == RGB_ALPHA || hasTransparentColors(file);
        }
        if (WebpFile.isWebp(file)) {
            String chunk = new String(file, 12, 4, StandardCharsets.ISO_8859_1);
            int flags = chunk.equals("VP8X") ? EXTENDED_FLAGS : chunk.equals("VP8L") ? LOSSLESS_FLAGS : file.length;
            return flags < file.length && (file[flags] & WEBP_ALPHA) != 0;
        }
        return false;
    }

    private static boolean hasTransparentColors(byte[] file) {
        var bytes = new Bytes("PNG", file, ByteOrder.BIG_ENDIAN);
        bytes.skip(PngFile.SIGNATURE.length);
        while (!bytes.isAtEnd()) {
            int length = bytes.signed32();
            var name = new String(bytes.take(4), StandardCharsets.ISO_8859_1);
            if (name.equals("tRNS")) {
                return true;
            }
            if (name.equals("IDAT")) {
                return false;
            }
            bytes.skip(length);
            bytes.skip(4);
        }
        return false;
    }
}
