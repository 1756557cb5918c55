package dev.weir.engine.ftfy;

import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Text that was UTF-8 and was decoded as something else, made good again. It is touched only where it looks like that. Bytes are
 * strings of characters from 0 to 255 here, so that regular expressions apply to them. Stateless; any thread.
 */
final class Mojibake {

    /** Neighbours that hardly any text has on purpose. */
    private static final Pattern BAD = Tables.pattern("badness");

    /** Characters that the bytes of UTF-8 become in the encodings that are tried. */
    private static final Pattern UTF8 = Tables.pattern("utf8_detector");

    private static final Pattern C1_CONTROL = Pattern.compile("[\\x80-\\x9f]");

    /** UTF-8 but for a byte A0 that became a space, where a likely character comes of it. */
    private static final Pattern SPACE_FOR_A0 = Pattern.compile("[\\xc2\\xc3\\xc5\\xce\\xd0\\xd9] "
            + "|[\\xe2\\xe3] [\\x80-\\x84\\x86-\\x9f\\xa1-\\xbf]"
            + "|[\\xe0-\\xe3][\\x80-\\x84\\x86-\\x9f\\xa1-\\xbf] "
            + "|\\xf0 [\\x80-\\xbf][\\x80-\\xbf]"
            + "|\\xf0[\\x80-\\xbf] [\\x80-\\xbf]"
            + "|\\xf0[\\x80-\\xbf][\\x80-\\xbf] ");

    /** The word "à" whose second byte and the space after it became one, but for Portuguese words that begin with it. */
    private static final Pattern A_GRAVE = Pattern.compile("\\xc3 (?! |quele|quela|quilo|s )");

    /** UTF-8 or CESU-8 with bytes that were lost. */
    private static final Pattern LOSSY_UTF8 = Pattern.compile("[\\xc2-\\xdf]\\x1a"
            + "|[\\xc2-\\xc3][?]"
            + "|\\xed[\\xa0-\\xaf][\\x1a?]\\xed[\\xb0-\\xbf][\\x1a?\\x80-\\xbf]"
            + "|\\xed[\\xa0-\\xaf][\\x1a?\\x80-\\xbf]\\xed[\\xb0-\\xbf][\\x1a?]"
            + "|[\\xe0-\\xef][\\x1a?][\\x1a\\x80-\\xbf]"
            + "|[\\xe0-\\xef][\\x1a\\x80-\\xbf][\\x1a?]"
            + "|[\\xf0-\\xf4][\\x1a?][\\x1a\\x80-\\xbf][\\x1a\\x80-\\xbf]"
            + "|[\\xf0-\\xf4][\\x1a\\x80-\\xbf][\\x1a?][\\x1a\\x80-\\xbf]"
            + "|[\\xf0-\\xf4][\\x1a\\x80-\\xbf][\\x1a\\x80-\\xbf][\\x1a?]"
            + "|\\x1a");

    /** U+FFFD in UTF-8. */
    private static final String REPLACEMENT = "\u00ef\u00bf\u00bd";

    /** A character outside the basic plane as CESU-8 has it: its two surrogates, each in three bytes. */
    private static final Pattern CESU8 =
            Pattern.compile("\\xed([\\xa0-\\xaf])([\\x80-\\xbf])\\xed([\\xb0-\\xbf])([\\x80-\\xbf])");

    /** The character 0 as Java's modified UTF-8 has it. */
    private static final String MODIFIED_NULL = "\u00c0\u0080";

    private Mojibake() {}

    /** Once for each time that the text was decoded wrongly. */
    static String fix(String text) {
        String before;
        do {
            before = text;
            text = fixOnce(text);
        } while (!text.equals(before));
        return text;
    }

    private static String fixOnce(String text) {
        if (isAscii(text) || !BAD.matcher(text).find()) {
            return text;
        }
        for (SingleByteEncoding encoding : SingleByteEncoding.ALL) {
            Optional<String> fixed = encoding.encode(text).flatMap(bytes -> decode(repaired(bytes, encoding)));
            if (fixed.isPresent()) {
                return fixed.get();
            }
        }
        String parts = fixParts(text);
        return parts.equals(text) ? fixC1Controls(text) : parts;
    }

    private static boolean isAscii(String text) {
        return text.chars().allMatch(c -> c < SingleByteEncoding.FIRST_HIGH);
    }

    private static String repaired(String bytes, SingleByteEncoding encoding) {
        if (!encoding.isMacRoman() && SPACE_FOR_A0.matcher(bytes).find()) {
            bytes = A_GRAVE.matcher(bytes).replaceAll("\u00c3\u00a0 ");
            bytes = SPACE_FOR_A0.matcher(bytes).replaceAll(match -> match.group()
                    .replace(' ', '\u00a0'));
        }
        return encoding.isSloppy() ? LOSSY_UTF8.matcher(bytes).replaceAll(REPLACEMENT) : bytes;
    }

    /** UTF-8, CESU-8 and modified UTF-8; empty where it is none of them. */
    private static Optional<String> decode(String bytes) {
        String plain = CESU8.matcher(bytes.replace(MODIFIED_NULL, "\u0000")).replaceAll(Mojibake::withoutSurrogates);
        try {
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(StandardCharsets.ISO_8859_1.encode(plain))
                    .toString());
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }

    private static String withoutSurrogates(MatchResult cesu8) {
        int character = 0x10000
                + ((cesu8.group(1).charAt(0) & 0x0f) << 16)
                + ((cesu8.group(2).charAt(0) & 0x3f) << 10)
                + ((cesu8.group(3).charAt(0) & 0x0f) << 6)
                + (cesu8.group(4).charAt(0) & 0x3f);
        return new String(Character.toString(character).getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    /** Where only some of the text was decoded wrongly. A part that is the whole text was tried before. */
    private static String fixParts(String text) {
        return UTF8.matcher(text).replaceAll(match -> {
            String part = match.group();
            boolean isFixable =
                    part.length() < text.length() && BAD.matcher(part).find();
            return Matcher.quoteReplacement(isFixable ? fix(part) : part);
        });
    }

    /** As browsers show them. */
    static String fixC1Controls(String text) {
        return C1_CONTROL
                .matcher(text)
                .replaceAll(control -> SingleByteEncoding.WINDOWS_1252.character(
                        control.group().charAt(0)));
    }
}
