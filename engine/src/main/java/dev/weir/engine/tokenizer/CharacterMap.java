package dev.weir.engine.tokenizer;

import dev.weir.engine.ModelException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The characters that sentencepiece replaces before it looks for pieces: a trie of UTF-8 bytes (darts-clone's double array), whose
 * longest match at each place counts, and the replacements, each with a zero after it. Immutable.
 */
final class CharacterMap {

    private static final int LEAF = 1 << 8;
    private static final int WIDE = 1 << 9;
    private static final int LABEL = 0x8000_00FF;
    private static final int VALUE = 0x7FFF_FFFF;

    private final int[] trie;
    private final byte[] replacements;

    /** @param map as {@code precompiled_charsmap} has it; empty: it replaces nothing */
    CharacterMap(byte[] map) {
        ByteBuffer in = ByteBuffer.wrap(map).order(ByteOrder.LITTLE_ENDIAN);
        if (map.length > 0 && map.length < Integer.BYTES) {
            throw new ModelException("precompiled_charsmap is damaged");
        }
        int size = map.length == 0 ? 0 : in.getInt();
        if (size < 0 || size % Integer.BYTES != 0 || size > in.remaining()) {
            throw new ModelException("precompiled_charsmap is damaged");
        }
        trie = new int[size / Integer.BYTES];
        in.asIntBuffer().get(trie);
        replacements = Arrays.copyOfRange(map, Math.min(map.length, Integer.BYTES + size), map.length);
    }

    String normalized(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int at = 0; at < bytes.length; ) {
            at += replace(bytes, at, out);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    /** Returns how many bytes it read. */
    private int replace(byte[] bytes, int at, ByteArrayOutputStream out) {
        int longest = 0;
        int value = 0;
        int node = trie.length == 0 ? 0 : offset(trie[0]);
        for (int i = at; i < bytes.length && trie.length > 0; i++) {
            int label = bytes[i] & 0xFF;
            node ^= label;
            if (node >= trie.length || (trie[node] & LABEL) != label) {
                break;
            }
            int unit = trie[node];
            node ^= offset(unit);
            if ((unit & LEAF) != 0 && node < trie.length) {
                longest = i + 1 - at;
                value = trie[node] & VALUE;
            }
        }
        if (longest == 0) {
            int length = length(bytes[at]);
            out.write(bytes, at, length);
            return length;
        }
        for (int i = value; i < replacements.length && replacements[i] != 0; i++) {
            out.write(replacements[i]);
        }
        return longest;
    }

    private static int offset(int unit) {
        return unit >>> 10 << ((unit & WIDE) >>> 6);
    }

    /** Of the character that begins with a byte. */
    private static int length(byte first) {
        return first >= 0 ? 1 : (first & 0xE0) == 0xC0 ? 2 : (first & 0xF0) == 0xE0 ? 3 : 4;
    }
}
