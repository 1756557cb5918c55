package dev.weir.engine.tokenizer;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What Python's strings do, where Java's do otherwise. Stateless; any thread. */
final class PythonText {

    private static final int SIGMA = 0x3a3;
    private static final int FINAL_SIGMA = 0x3c2;
    private static final int MIDDLE_SIGMA = 0x3c3;

    /** Unicode's Case_Ignorable: categories, and what its word boundaries have within words. */
    private static final Pattern CASE_IGNORABLE = Pattern.compile(
            "[\\p{Mn}\\p{Me}\\p{Cf}\\p{Lm}\\p{Sk}'.:\u00b7\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52"
                    + "\ufe55\uff07\uff0e\uff1a]");

    private static final Pattern SPACE = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);

    private static final Pattern ESCAPED = Pattern.compile("\\\\(.)");
    private static final String WORD = "\\p{L}\\p{N}_";
    private static final String WHITE =
            "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
    private static final Map<String, String> CLASSES = Map.of(
            "w", "[" + WORD + "]",
            "W", "[^" + WORD + "]",
            "d", "\\p{Nd}",
            "D", "\\P{Nd}",
            "s", "[" + WHITE + "]",
            "S", "[^" + WHITE + "]",
            "b", "(?:(?<=[%1$s])(?![%1$s])|(?<![%1$s])(?=[%1$s]))".formatted(WORD));

    private PythonText() {}

    /** An expression of Python's {@code re}, whose classes, word boundaries and ends of text are others than Java's. */
    static Pattern pattern(String expression) {
        String own = ESCAPED.matcher(expression)
                .replaceAll(
                        escaped -> Matcher.quoteReplacement(CLASSES.getOrDefault(escaped.group(1), escaped.group())));
        return Pattern.compile(own, Pattern.UNIX_LINES);
    }

    /**
     * {@code str.lower}. A sigma is final where a cased letter goes before it and none comes after, looking past what has no
     * case; Java looks no further than the end of the word, as it finds it.
     */
    static String lower(String text) {
        int[] letters = text.codePoints().toArray();
        StringBuilder lower = new StringBuilder(text.length());
        for (int i = 0; i < letters.length; i++) {
            if (letters[i] == SIGMA) {
                boolean isFinal = meetsCased(letters, i, -1) && !meetsCased(letters, i, 1);
                lower.appendCodePoint(isFinal ? FINAL_SIGMA : MIDDLE_SIGMA);
            } else {
                lower.append(Character.toString(letters[i]).toLowerCase(Locale.ROOT));
            }
        }
        return lower.toString();
    }

    private static boolean meetsCased(int[] letters, int from, int direction) {
        int i = from + direction;
        while (i >= 0
                && i < letters.length
                && CASE_IGNORABLE.matcher(Character.toString(letters[i])).matches()) {
            i += direction;
        }
        return i >= 0 && i < letters.length && isCased(letters[i]);
    }

    private static boolean isCased(int letter) {
        return Character.isLowerCase(letter) || Character.isUpperCase(letter) || Character.isTitleCase(letter);
    }

    /** White space of any kind and length as one space, and none at the ends. */
    static String cleanSpaces(String text) {
        return SPACE.matcher(text).replaceAll(" ").strip();
    }

    /** {@code str.lstrip}. */
    static String stripStart(String text) {
        int start = 0;
        while (start < text.length() && isSpace(text.charAt(start))) {
            start++;
        }
        return text.substring(start);
    }

    /** {@code str.rstrip}. */
    static String stripEnd(String text) {
        int end = text.length();
        while (end > 0 && isSpace(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(0, end);
    }

    /** {@code str.isspace}, which takes non-breaking spaces in, as Java's does not. */
    private static boolean isSpace(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
    }
}
