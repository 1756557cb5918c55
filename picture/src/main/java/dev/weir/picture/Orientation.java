package dev.weir.picture;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * How a camera held the picture: tag 0x0112 of EXIF.
 *
 * @param transposed whether rows and columns are exchanged, before the flips
 */
public record Orientation(boolean transposed, boolean leftRight, boolean upDown) {

    public static final Orientation UPRIGHT = new Orientation(false, false, false);

    private static final int TAG = 0x0112;
    private static final int ENTRY = 12;
    private static final int SHORT = 3;

    /** By the tag's value. Anything else than 1 to 8 is upright. */
    static Orientation of(int value) {
        return switch (value) {
            case 2 -> new Orientation(false, true, false);
            case 3 -> new Orientation(false, true, true);
            case 4 -> new Orientation(false, false, true);
            case 5 -> new Orientation(true, false, false);
            case 6 -> new Orientation(true, true, false);
            case 7 -> new Orientation(true, true, true);
            case 8 -> new Orientation(true, false, true);
            default -> UPRIGHT;
        };
    }

    /**
     * From a block of EXIF, which is a TIFF header and a list of tags. Reads that one tag and nothing else, so that sizes
     * within the block do not matter. A block that makes no sense says nothing.
     */
    static Orientation ofExif(byte[] block) {
        int skipped = Bytes.startWith(block, new byte[] {'E', 'x', 'i', 'f', 0, 0}) ? 6 : 0;
        var tiff = ByteBuffer.wrap(block, skipped, block.length - skipped).slice();
        if (tiff.limit() < 8) {
            return UPRIGHT;
        }
        tiff.order(tiff.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        long first = tiff.getInt(4) & 0xFFFFFFFFL;
        if (first > tiff.limit() - 2) {
            return UPRIGHT;
        }
        int count = tiff.getShort((int) first) & 0xFFFF;
        for (int i = 0; i < count; i++) {
            int at = (int) first + 2 + i * ENTRY;
            if (at > tiff.limit() - ENTRY) {
                return UPRIGHT;
            }
            if ((tiff.getShort(at) & 0xFFFF) == TAG) {
                boolean isShort = tiff.getShort(at + 2) == SHORT;
                return of(isShort ? tiff.getShort(at + 8) & 0xFFFF : tiff.getInt(at + 8));
            }
        }
        return UPRIGHT;
    }
}
