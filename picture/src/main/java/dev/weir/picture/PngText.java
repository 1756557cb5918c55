package dev.weir.picture;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32;

/**
 * The text of a PNG file: chunks {@code tEXt} and {@code iTXt} of the PNG specification, third edition. Compressed text may expand a
 * thousand times, so it is left out. Decodes no pixels. Any thread.
 */
public final class PngText {

    /** The keyword of the latent of a picture, for a second pass over it. */
    public static final String LATENT = "Weir latent";

    /** A PLY file in Base64, of whose points the picture is. */
    public static final String POINTS = "Weir points";

    private static final String LATIN = "tEXt";
    private static final String INTERNATIONAL = "iTXt";
    /** The signature and the header, which come before all other chunks. */
    private static final int HEAD = PngFile.SIGNATURE.length + 25;

    private PngText() {}

    /**
     * By keyword; empty where the file is no PNG.
     *
     * @throws PictureException if the file is damaged
     */
    public static Map<String, String> of(byte[] file) {
        Map<String, String> texts = new LinkedHashMap<>();
        if (!Bytes.startWith(file, PngFile.SIGNATURE)) {
            return texts;
        }
        var bytes = new Bytes("PNG", file, ByteOrder.BIG_ENDIAN);
        bytes.skip(PngFile.SIGNATURE.length);
        while (!bytes.isAtEnd()) {
            int length = bytes.signed32();
            var name = new String(bytes.take(4), StandardCharsets.ISO_8859_1);
            if (name.equals(LATIN)) {
                latin(bytes.take(length), texts);
            } else if (name.equals(INTERNATIONAL)) {
                international(bytes.take(length), texts);
            } else {
                bytes.skip(length);
            }
            bytes.skip(4);
        }
        return texts;
    }

    private static void latin(byte[] chunk, Map<String, String> texts) {
        String[] parts = new String(chunk, StandardCharsets.ISO_8859_1).split("\0", 2);
        if (parts.length == 2) {
            texts.put(parts[0], parts[1]);
        }
    }

    /** Keyword, whether it is compressed, how, language, translated keyword, text. */
    private static void international(byte[] chunk, Map<String, String> texts) {
        String[] parts = new String(chunk, StandardCharsets.UTF_8).split("\0", 2);
        boolean isPlain = parts.length == 2 && parts[1].startsWith("\0\0");
        String[] rest = isPlain ? parts[1].substring(2).split("\0", 3) : new String[0];
        if (rest.length == 3) {
            texts.put(parts[0], rest[2]);
        }
    }

    /** The same file with one text, as {@link #with(byte[], Map)}. */
    public static byte[] with(byte[] file, String keyword, String text) {
        return with(file, Map.of(keyword, text));
    }

    /**
     * The same file with texts, in place of those that have the same keywords.
     *
     * @param file a PNG
     * @param texts by keyword: 1 to 79 characters of Latin-1
     * @throws PictureException if the file is damaged
     */
    public static byte[] with(byte[] file, Map<String, String> texts) {
        return replaced(file, texts.keySet(), texts);
    }

    /**
     * The same file without a text.
     *
     * @param file a PNG
     * @throws PictureException if the file is damaged
     */
    public static byte[] without(byte[] file, String keyword) {
        return replaced(file, Set.of(keyword), Map.of());
    }

    private static byte[] replaced(byte[] file, Set<String> gone, Map<String, String> texts) {
        var out = new ByteArrayOutputStream(file.length);
        out.write(file, 0, HEAD);
        texts.forEach((keyword, text) -> write(keyword, text, out));
        var bytes = new Bytes("PNG", file, ByteOrder.BIG_ENDIAN);
        bytes.skip(HEAD);
        while (!bytes.isAtEnd()) {
            int start = bytes.at();
            int length = bytes.signed32();
            byte[] body = bytes.take(4 + length);
            bytes.skip(4);
            if (gone.stream().noneMatch(keyword -> isText(body, keyword))) {
                bytes.copy(start, bytes.at(), out);
            }
        }
        return out.toByteArray();
    }

    private static void write(String keyword, String text, ByteArrayOutputStream out) {
        boolean isLatin = StandardCharsets.ISO_8859_1.newEncoder().canEncode(text);
        byte[] chunk = isLatin
                ? (LATIN + keyword + "\0" + text).getBytes(StandardCharsets.ISO_8859_1)
                : (INTERNATIONAL + keyword + "\0\0\0\0\0" + text).getBytes(StandardCharsets.UTF_8);
        var sum = new CRC32();
        sum.update(chunk);
        out.writeBytes(ByteBuffer.allocate(4).putInt(chunk.length - 4).array());
        out.writeBytes(chunk);
        out.writeBytes(ByteBuffer.allocate(4).putInt((int) sum.getValue()).array());
    }

    private static boolean isText(byte[] chunk, String keyword) {
        return Bytes.startWith(chunk, (LATIN + keyword + "\0").getBytes(StandardCharsets.ISO_8859_1))
                || Bytes.startWith(chunk, (INTERNATIONAL + keyword + "\0").getBytes(StandardCharsets.ISO_8859_1));
    }
}
