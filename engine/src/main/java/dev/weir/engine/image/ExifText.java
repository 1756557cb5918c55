package dev.weir.engine.image;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * The text of a picture as a block of EXIF: the settings as the user's comment, where common tools look for them, and the
 * software. Stateless; any thread.
 */
final class ExifText {

    private static final byte[] UNICODE = {'U', 'N', 'I', 'C', 'O', 'D', 'E', 0};

    private static final int SOFTWARE = 0x0131;
    private static final int PHOTO_TAGS = 0x8769;
    private static final int USER_COMMENT = 0x9286;

    private static final int ASCII = 2;
    private static final int LONG = 4;
    private static final int UNDEFINED = 7;

    private static final int HEADER = 8;
    private static final int ENTRY = 12;

    private ExifText() {}

    /** @param text of {@link PictureText#byKeyword} */
    static byte[] of(Map<String, String> text) {
        var software = (text.getOrDefault("Software", "") + "\0").getBytes(StandardCharsets.US_ASCII);
        var letters = text.getOrDefault("parameters", "").getBytes(StandardCharsets.UTF_16BE);
        int photoTags = HEADER + directory(2);
        int softwareAt = photoTags + directory(1);
        int commentAt = softwareAt + software.length + software.length % 2;
        var block = ByteBuffer.allocate(commentAt + UNICODE.length + letters.length);
        block.put(new byte[] {'M', 'M'}).putShort((short) 42).putInt(HEADER);
        block.putShort((short) 2);
        entry(block, SOFTWARE, ASCII, software.length, softwareAt);
        entry(block, PHOTO_TAGS, LONG, 1, photoTags);
        block.putInt(0).putShort((short) 1);
        entry(block, USER_COMMENT, UNDEFINED, UNICODE.length + letters.length, commentAt);
        block.putInt(0).put(software);
        return block.position(commentAt).put(UNICODE).put(letters).array();
    }

    private static int directory(int entries) {
        return 2 + entries * ENTRY + 4;
    }

    private static void entry(ByteBuffer block, int tag, int type, int count, int value) {
        block.putShort((short) tag).putShort((short) type).putInt(count).putInt(value);
    }
}
