package dev.weir.engine.torchscript;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Writes the few opcodes of Python's pickle protocol 2 that an archive needs. */
final class Pickle {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Pickle() {
        out.write(0x80);
        out.write(2);
    }

    /** Opcodes without an argument, a character each. */
    Pickle code(String opcodes) {
        out.writeBytes(opcodes.getBytes(StandardCharsets.ISO_8859_1));
        return this;
    }

    Pickle global(String module, String name) {
        return code("c" + module + "\n" + name + "\n");
    }

    Pickle text(String value) {
        var utf8 = value.getBytes(StandardCharsets.UTF_8);
        out.write('X');
        out.writeBytes(littleEndian(utf8.length));
        out.writeBytes(utf8);
        return this;
    }

    Pickle integer(int value) {
        out.write('J');
        out.writeBytes(littleEndian(value));
        return this;
    }

    byte[] bytes() {
        return out.toByteArray();
    }

    private static byte[] littleEndian(int value) {
        return ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array();
    }
}
