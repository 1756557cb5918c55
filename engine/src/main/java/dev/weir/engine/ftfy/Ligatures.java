package dev.weir.engine.ftfy;

import java.util.Map;

/** Ligatures and digraphs of Latin letters that are one character for no reason of the language. Stateless; any thread. */
final class Ligatures {

    private static final Map<String, String> LETTERS = Tables.strings("ligatures");

    private Ligatures() {}

    static String split(String text) {
        StringBuilder split = new StringBuilder(text.length());
        text.codePoints().mapToObj(Character::toString).forEach(c -> split.append(LETTERS.getOrDefault(c, c)));
        return split.toString();
    }
}
