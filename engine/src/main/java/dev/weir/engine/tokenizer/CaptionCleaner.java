package dev.weir.engine.tokenizer;

import dev.weir.engine.ftfy.Ftfy;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cleans a prompt as DeepFloyd IF's captions were cleaned ({@code clean_caption} of diffusers): what stands in captions of web pages and says
 * nothing of a picture is left out. Stateless; any thread.
 *
 * <p>Beautiful Soup, which diffusers reads HTML with, changes nothing in a text without tags and entities. A text with one is refused.
 */
final class CaptionCleaner {

    private record Step(Pattern pattern, String replacement) {}

    private static final String ENDINGS = "(?:png|jpg|jpeg|bmp|webp|eps|pdf|apk|mp4)";
    private static final String HOST = "[a-zA-Z0-9.\\-]+[.](?:com|co|ru|net|org|edu|gov|it)[\\w/-]*\\b\\/?(?!@)";

    private static final List<Step> ADDRESSES = List.of(
            step("<person>", "person"),
            step("\\b((?:https?:(?:\\/{1,3}|[a-zA-Z0-9%])|" + HOST + "))", ""),
            step("\\b((?:www:(?:\\/{1,3}|[a-zA-Z0-9%])|" + HOST + "))", ""));

    private static final List<Step> SIGNS = List.of(
            step("@[\\w\\d]+\\b", ""),
            step("[\u31c0-\u9fff]+", ""),
            step(
                    "[\\-\u058a\u05be\u1400\u1806\u2010-\u2015\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d]+",
                    "-"),
            step("[`´«»“”¨]", "\""),
            step("[‘’]", "'"),
            step("\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}", " "),
            step("\\d:\\d\\d\\s+$", ""),
            step("\\\\n", " "),
            step("#\\d{1,3}\\b", ""),
            step("#\\d{5,}\\b", ""),
            step("\\b\\d{6,}\\b", ""),
            step(
                    "(?<!\\S)\\S+\\." + ENDINGS,
                    ""), // begins where a word does: what matches within one matches from there
            step("[\"']{2,}", "\""),
            step("[.]{2,}", " "),
            step("[#®•©™&@·º½¾¿¡§~)(\\]\\[}{|\\\\/*]+", " "),
            step("\\s+\\.\\s+", " "));

    private static final Pattern JOINT = Pattern.compile("[-_]");
    private static final int MOST_JOINTS = 3;

    private static final List<Step> WORDS = List.of(
            step("\\b[a-zA-Z]{1,3}\\d{3,15}\\b", ""),
            step("\\b[a-zA-Z]+\\d+[a-zA-Z]+\\b", ""),
            step("\\b\\d+[a-zA-Z]+\\d+\\b", ""),
            step("(worldwide\\s+)?(free\\s+)?shipping", ""),
            step("(free\\s)?download(\\sfree)?", ""),
            step("\\bclick\\b\\s(?:for|on)\\s\\w+", ""),
            step("\\b" + ENDINGS + "(\\simage[s]?)?", ""),
            step("\\bpage\\s+\\d+\\b", ""),
            step("\\b\\d*[a-zA-Z]+\\d+[a-zA-Z]+\\d+[a-zA-Z\\d]*\\b", " "),
            step("\\b\\d+\\.?\\d*[xх×]\\d+\\.?\\d*\\b", ""),
            step("\\b\\s+:\\s+", ": "),
            step("(\\D[,./])\\b", "$1 "),
            step("\\s+", " "),
            step("^[\"']([\\w\\W]+)[\"']$", "$1"),
            step("^['_,\\-:;]", ""),
            step("['_,\\-:+]$", ""),
            step("^\\.\\S+$", ""));

    /** What looks for addresses tries all that a long word may be. */
    private static final int LONGEST_WORD = 500;

    private static final Pattern LONG_WORD = Pattern.compile("[a-zA-Z0-9.\\-]{" + (LONGEST_WORD + 1) + "}");
    private static final Pattern MARKUP = Pattern.compile("<[a-zA-Z/!?]|&[a-zA-Z#]");
    private static final Pattern ASCII = Pattern.compile("[\\x00-\\x7f]+");

    private CaptionCleaner() {}

    /** Throws an IllegalArgumentException where the text has an HTML tag or entity, or a word that is too long. */
    static String clean(String text) {
        return once(once(text));
    }

    private static String once(String text) {
        String caption = PythonText.lower(strip(unquoted(text)));
        if (LONG_WORD.matcher(caption).find()) {
            throw new IllegalArgumentException(
                    "the prompt has a word of more than %d characters".formatted(LONGEST_WORD));
        }
        caption = requireNoMarkup(apply(ADDRESSES, caption));
        caption = apply(SIGNS, caption);
        if (JOINT.matcher(caption).results().count() > MOST_JOINTS) {
            caption = JOINT.matcher(caption).replaceAll(" ");
        }
        return strip(apply(WORDS, requireNoMarkup(Ftfy.fixText(caption))));
    }

    private static String requireNoMarkup(String text) {
        Matcher markup = MARKUP.matcher(text);
        if (markup.find()) {
            throw new IllegalArgumentException(
                    "the prompt has an HTML tag or entity, \"%s\": this model's captions have none"
                            .formatted(markup.group()));
        }
        return text;
    }

    private static String apply(List<Step> steps, String text) {
        String changed = text;
        for (Step step : steps) {
            changed = step.pattern().matcher(changed).replaceAll(step.replacement());
        }
        return changed;
    }

    private static String strip(String text) {
        return PythonText.stripStart(PythonText.stripEnd(text));
    }

    /** {@code urllib.parse.unquote_plus}. */
    private static String unquoted(String text) {
        String spaced = text.replace('+', ' ');
        return ASCII.matcher(spaced).replaceAll(run -> Matcher.quoteReplacement(decoded(run.group())));
    }

    private static String decoded(String ascii) {
        var out = new ByteArrayOutputStream();
        for (int i = 0; i < ascii.length(); i++) {
            int high = ascii.charAt(i) == '%' && i + 2 < ascii.length() ? Character.digit(ascii.charAt(i + 1), 16) : -1;
            int low = high < 0 ? -1 : Character.digit(ascii.charAt(i + 2), 16);
            out.write(low < 0 ? ascii.charAt(i) : 16 * high + low);
            i += low < 0 ? 0 : 2;
        }
        byte[] bytes = out.toByteArray();
        // Each byte of a surrogate is an error of its own to Python.
        for (int i = 0; i + 1 < bytes.length; i++) {
            if (bytes[i] == (byte) 0xed && (bytes[i + 1] & 0xe0) == 0xa0) {
                bytes[i] = (byte) 0xff;
            }
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static Step step(String python, String replacement) {
        return new Step(PythonText.pattern(python), replacement);
    }
}
