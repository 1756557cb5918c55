package dev.weir.engine.ftfy;

import java.util.Map;
import java.util.regex.Pattern;

/** Ligatures and digraphs of Latin letters that are one character for no reason of the language. Stateless; any thread. */
final class Ligatures {

    private static final Map<String, String> LETTERS = Tables.strings("ligatures");
    private static final Pattern LIGATURE = Pattern.compile("[" + String.join("", LETTERS.keySet()) + "]");

    private Ligatures() {}

    static String split(String text) {
        return LIGATURE.matcher(text).replaceAll(ligature -> LETTERS.get(ligature.group()));
    }
}
