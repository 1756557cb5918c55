package dev.weir.gateway.api;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** What the first bytes of an image file say: its type and its size. It decodes nothing. */
record ImageHeader(String contentType, int width, int height) {

    private static final byte[] PNG = {(byte) 0x89, 'P', 'N', 'G', 0x0D, 0x0A, 0x1A, 0x0A};
    private static final int PNG_HEAD = 24;
    private static final int JPEG_START = 0xFFD8;
    private static final int WEBP_HEAD = 30;

    /** Empty if it is not PNG, JPEG or WebP. */
    static Optional<ImageHeader> of(byte[] file) {
        ByteBuffer bytes = ByteBuffer.wrap(file);
        if (file.length >= PNG_HEAD && startsWith(file, 0, PNG)) {
            return Optional.of(new ImageHeader("image/png", bytes.getInt(16), bytes.getInt(20)));
        }
        if (file.length >= WEBP_HEAD && isAscii(file, 0, "RIFF") && isAscii(file, 8, "WEBP")) {
            return webp(file);
        }
        return file.length > 4 && (bytes.getShort(0) & 0xFFFF) == JPEG_START ? jpeg(bytes) : Optional.empty();
    }

    /** The size is in the first start-of-frame segment. */
    private static Optional<ImageHeader> jpeg(ByteBuffer bytes) {
        int at = 2;
        while (at + 9 <= bytes.limit() && bytes.get(at) == (byte) 0xFF) {
            int marker = bytes.get(at + 1) & 0xFF;
            boolean isFrame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
            if (isFrame) {
                int height = bytes.getShort(at + 5) & 0xFFFF;
                int width = bytes.getShort(at + 7) & 0xFFFF;
                return Optional.of(new ImageHeader("image/jpeg", width, height));
            }
            at += marker == 0xFF ? 1 : 2 + (bytes.getShort(at + 2) & 0xFFFF);
        }
        return Optional.empty();
    }

    private static Optional<ImageHeader> webp(byte[] file) {
        if (isAscii(file, 12, "VP8X")) {
            return Optional.of(new ImageHeader("image/webp", 1 + little(file, 24, 3), 1 + little(file, 27, 3)));
        }
        if (isAscii(file, 12, "VP8L")) {
            int bits = little(file, 21, 4);
            return Optional.of(new ImageHeader("image/webp", 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)));
        }
        return isAscii(file, 12, "VP8 ")
                ? Optional.of(new ImageHeader("image/webp", little(file, 26, 2) & 0x3FFF, little(file, 28, 2) & 0x3FFF))
                : Optional.empty();
    }

    private static int little(byte[] file, int at, int bytes) {
        int value = 0;
        for (int i = bytes - 1; i >= 0; i--) {
            value = value << 8 | file[at + i] & 0xFF;
        }
        return value;
    }

    private static boolean isAscii(byte[] file, int at, String text) {
        return startsWith(file, at, text.getBytes(StandardCharsets.US_ASCII));
    }

    private static boolean startsWith(byte[] file, int at, byte[] start) {
        for (int i = 0; i < start.length; i++) {
            if (file[at + i] != start[i]) {
                return false;
            }
        }
        return true;
    }
}
