package dev.weir.engine.prompt;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The weights of a prompt of ComfyUI, as {@code token_weights} of its {@code sd1_clip.py} reads them: {@code (x)} times 1.1 for each
 * pair of brackets, {@code (x:1.3)} exactly 1.3 whatever is around it, a backslash before a bracket that counts as text. Square brackets
 * are text. Stateless; any thread.
 */
final class ComfyPrompt {

    private static final double UP = 1.1;
    private static final Pattern NUMBER = Pattern.compile("\\s*[+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?\\s*");
    /** What stands for escaped brackets while the others are read. Requests have no such characters. */
    private static final String CLOSING = "\0\1";

    private static final String OPENING = "\0\2";

    /** Deeper brackets are text: each level is a call. */
    private static final int DEEPEST = 200;

    private ComfyPrompt() {}

    static List<Fragment> parse(String text) {
        List<Fragment> fragments = new ArrayList<>();
        read(text.replace("\\)", CLOSING).replace("\\(", OPENING), 1, 0, fragments);
        return fragments.stream()
                .map(fragment ->
                        new Fragment(fragment.text().replace(CLOSING, ")").replace(OPENING, "("), fragment.weight()))
                .toList();
    }

    private static void read(String text, double outer, int depth, List<Fragment> fragments) {
        for (String part : parts(text)) {
            if (depth == DEEPEST || part.length() < 2 || !part.startsWith("(") || !part.endsWith(")")) {
                fragments.add(new Fragment(part, outer));
                continue;
            }
            String inner = part.substring(1, part.length() - 1);
            int colon = inner.lastIndexOf(':');
            if (colon > 0 && NUMBER.matcher(inner.substring(colon + 1)).matches()) {
                double weight = PromptWeight.parse(inner.substring(colon + 1).strip());
                read(inner.substring(0, colon), weight, depth + 1, fragments);
            } else {
                read(inner, outer * UP, depth + 1, fragments);
            }
        }
    }

    /** What is in the outermost brackets, with them, and what is between. A bracket that is not closed begins the last part. */
    private static List<String> parts(String text) {
        List<String> parts = new ArrayList<>();
        StringBuilder part = new StringBuilder();
        int nesting = 0;
        for (char c : text.toCharArray()) {
            if (c == '(') {
                if (nesting == 0 && !part.isEmpty()) {
                    parts.add(part.toString());
                    part.setLength(0);
                }
                nesting++;
                part.append(c);
            } else if (c == ')') {
                nesting--;
                part.append(c);
                if (nesting == 0) {
                    parts.add(part.toString());
                    part.setLength(0);
                }
            } else {
                part.append(c);
            }
        }
        if (!part.isEmpty()) {
            parts.add(part.toString());
        }
        return parts;
    }
}
