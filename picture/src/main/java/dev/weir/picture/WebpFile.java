package dev.weir.picture;

import dev.weir.picture.PictureFile.Colors;
import dev.weir.picture.PictureFile.Format;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/** Takes a WebP apart into its chunks. Profiles and texts are left out. Decodes nothing. Confined to one thread. */
final class WebpFile {

    private static final Set<String> OF_PIXELS = Set.of("VP8X", "ALPH", "VP8 ", "VP8L");
    private static final byte ANIMATED = 0x02;
    private static final byte HAS_ALPHA = 0x10;

    private final Bytes bytes;
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private Orientation orientation = Orientation.UPRIGHT;
    private int width;
    private int height;

    private WebpFile(byte[] file) {
        this.bytes = new Bytes("WebP", file, ByteOrder.LITTLE_ENDIAN);
    }

    static boolean isWebp(byte[] file) {
        return file.length >= 12
                && new String(file, 0, 4, StandardCharsets.ISO_8859_1).equals("RIFF")
                && new String(file, 8, 4, StandardCharsets.ISO_8859_1).equals("WEBP");
    }

    static PictureFile of(byte[] file) {
        var webp = new WebpFile(file);
        webp.walk();
        return webp.found();
    }

    private void walk() {
        bytes.skip(4);
        int end = bytes.at() + 4 + bytes.signed32();
        bytes.skip(4);
        while (bytes.at() < end) {
            var name = new String(bytes.take(4), StandardCharsets.ISO_8859_1);
            int length = bytes.signed32();
            var content = bytes.take(length);
            read(name, content);
            if (length % 2 == 1 && bytes.at() < end) {
                bytes.skip(1);
            }
        }
    }

    private void read(String name, byte[] content) {
        switch (name) {
            case "EXIF" -> orientation = Orientation.ofExif(content);
            case "VP8X" -> extended(content);
            case "VP8 " -> lossy(content);
            case "VP8L" -> lossless(content);
            default -> {}
        }
        if (OF_PIXELS.contains(name)) {
            body.writeBytes(RiffChunk.of(name, content));
        }
    }

    /** A chunk of features before the picture. Its flags are kept only for what is kept. */
    private void extended(byte[] content) {
        require(content, 10);
        if ((content[0] & ANIMATED) != 0) {
            throw new PictureException("the WebP is animated; a still picture is needed");
        }
        content[0] &= HAS_ALPHA;
        size(1 + (little(content, 4) & 0xFFFFFF), 1 + (little(content, 6) >>> 8));
    }

    private void lossy(byte[] content) {
        require(content, 10);
        size(little(content, 6) & 0x3FFF, little(content, 6) >>> 16 & 0x3FFF);
    }

    private void lossless(byte[] content) {
        require(content, 5);
        size(1 + (little(content, 1) & 0x3FFF), 1 + (little(content, 1) >>> 14 & 0x3FFF));
    }

    private static void require(byte[] content, int length) {
        if (content.length < length) {
            throw new PictureException("the WebP is damaged: a chunk is too short");
        }
    }

    /** Every chunk must say the same size: a decoder may allocate what any of them says. */
    private void size(int newWidth, int newHeight) {
        if (width > 0 && (width != newWidth || height != newHeight)) {
            throw new PictureException("the WebP is damaged: it says two different sizes");
        }
        width = newWidth;
        height = newHeight;
    }

    private static int little(byte[] content, int at) {
        return ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).getInt(at);
    }

    private PictureFile found() {
        return new PictureFile(
                Format.WEBP, width, height, orientation, RiffChunk.webp(body.toByteArray()), Colors.PLAIN);
    }
}
