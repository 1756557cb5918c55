package dev.weir.picture;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** A position in a file that may end anywhere. Confined to one thread. */
final class Bytes {

    private final String format;
    private final ByteBuffer file;

    /** @param format for messages */
    Bytes(String format, byte[] file, ByteOrder order) {
        this.format = format;
        this.file = ByteBuffer.wrap(file).order(order);
    }

    static boolean startWith(byte[] file, byte[] signature) {
        return file.length >= signature.length
                && Arrays.equals(file, 0, signature.length, signature, 0, signature.length);
    }

    private void require(int count) {
        if (count < 0 || file.remaining() < count) {
            throw new PictureException("the %s is truncated: it ends after %d bytes".formatted(format, file.limit()));
        }
    }

    boolean isAtEnd() {
        return !file.hasRemaining();
    }

    int at() {
        return file.position();
    }

    void skip(int count) {
        require(count);
        file.position(file.position() + count);
    }

    int unsigned8() {
        require(1);
        return file.get() & 0xFF;
    }

    int unsigned16() {
        require(2);
        return file.getShort() & 0xFFFF;
    }

    int signed32() {
        require(4);
        return file.getInt();
    }

    byte[] take(int count) {
        require(count);
        var taken = new byte[count];
        file.get(taken);
        return taken;
    }

    /** Appends what lies between two positions. */
    void copy(int from, int end, ByteArrayOutputStream out) {
        out.write(file.array(), from, end - from);
    }
}
