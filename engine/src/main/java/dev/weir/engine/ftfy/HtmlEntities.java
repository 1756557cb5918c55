package dev.weir.engine.ftfy;

import java.math.BigInteger;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * HTML5's character references that end in a semicolon, and the upper-case spelling of some. Stateless; any thread.
 * Numbers are read as Python's {@code html.unescape} reads them.
 */
final class HtmlEntities {

    private static final Pattern ENTITY = Pattern.compile("&#?[0-9A-Za-z]{1,24};");
    private static final Pattern NUMBER = Pattern.compile("&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));");
    private static final Map<String, String> NAMED = Tables.strings("entities");
    private static final BigInteger LAST = BigInteger.valueOf(Character.MAX_CODE_POINT);
    private static final String REPLACEMENT = "\ufffd";

    private HtmlEntities() {}

    static String unescape(String text) {
        return ENTITY.matcher(text).replaceAll(match -> Matcher.quoteReplacement(character(match)));
    }

    private static String character(MatchResult match) {
        String entity = match.group();
        String named = NAMED.get(entity);
        if (named != null) {
            return named;
        }
        Matcher number = NUMBER.matcher(entity);
        if (!number.matches()) {
            return entity;
        }
        BigInteger value =
                number.group(1) != null ? new BigInteger(number.group(1), 16) : new BigInteger(number.group(2));
        String character = value.compareTo(LAST) > 0 ? REPLACEMENT : character(value.intValue());
        // A semicolon in the result looks to ftfy as if the reference had not been read to its end.
        return character.equals(";") ? entity : character;
    }

    private static String character(int value) {
        if (value == 0 || value >= 0xd800 && value <= 0xdfff) {
            return REPLACEMENT;
        }
        if (value >= 0x80 && value <= 0x9f) {
            return SingleByteEncoding.WINDOWS_1252.character(value);
        }
        boolean isControl = value < 0x09 || value == 0x0b || value >= 0x0e && value < 0x20 || value == 0x7f;
        boolean isNoCharacter = value >= 0xfdd0 && value <= 0xfdef || (value & 0xfffe) == 0xfffe;
        return isControl || isNoCharacter ? "" : Character.toString(value);
    }
}
