package dev.weir.engine.ftfy;

import java.text.Normalizer;
import java.text.Normalizer.Form;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Repairs text: mojibake, HTML entities, curly quotes, ligatures, widths, control characters. Stateless; any thread. */
public final class Ftfy {

    private static final Pattern TERMINAL_ESCAPE = Pattern.compile("\u001b\\[[\\p{Nd};]*[a-zA-Z]");
    private static final Pattern LINE_BREAK = Pattern.compile("\r\n|[\r\u2028\u2029\u0085]");
    private static final Pattern SINGLE_QUOTE = Pattern.compile("[\u02bc\u2018-\u201b]");
    private static final Pattern DOUBLE_QUOTE = Pattern.compile("[\u201c-\u201f]");
    private static final Pattern LONE_SURROGATE = Pattern.compile("\\p{Cs}");
    /** A halfwidth or fullwidth form, or the ideographic space. */
    private static final Pattern WIDE = Pattern.compile("[\u3000\uff01-\uffef]");

    /** Those without an effect on what is displayed; white space and characters that join or direct others are kept. */
    private static final Pattern CONTROL =
            Pattern.compile("[\\x00-\\x08\\x0b\\x0e-\\x1f\\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]");

    /** Entities may be nested as deep as a text is long; each level costs a pass, and no honest text has many. */
    private static final int MOST_PASSES = 16;

    private Ftfy() {}

    /** The text line by line. Entities are left alone from the first line on that has a {@code <}: it may be HTML. */
    public static String fixText(String text) {
        StringBuilder fixed = new StringBuilder();
        boolean entities = true;
        for (int start = 0; start < text.length(); ) {
            int newline = text.indexOf('\n', start);
            int end = newline < 0 ? text.length() : newline + 1;
            String line = text.substring(start, end);
            entities &= line.indexOf('<') < 0;
            fixed.append(fixLine(line, entities));
            start = end;
        }
        return fixed.toString();
    }

    /** One step may make room for another, so all are repeated until none changes the text. */
    private static String fixLine(String line, boolean entities) {
        String before;
        int passes = 0;
        do {
            passes++;
            before = line;
            line = entities ? HtmlEntities.unescape(line) : line;
            line = Mojibake.fix(line);
            line = Mojibake.fixC1Controls(line);
            line = Ligatures.split(line);
            line = WIDE.matcher(line)
                    .replaceAll(wide -> Matcher.quoteReplacement(Normalizer.normalize(wide.group(), Form.NFKC)));
            line = SINGLE_QUOTE
                    .matcher(DOUBLE_QUOTE.matcher(line).replaceAll("\""))
                    .replaceAll("'");
            line = LINE_BREAK.matcher(line).replaceAll("\n");
            line = LONE_SURROGATE.matcher(line).replaceAll("\ufffd");
            line = TERMINAL_ESCAPE.matcher(line).replaceAll("");
            line = CONTROL.matcher(line).replaceAll("");
            line = Normalizer.normalize(line, Form.NFC);
        } while (!line.equals(before) && passes < MOST_PASSES);
        return line;
    }
}
