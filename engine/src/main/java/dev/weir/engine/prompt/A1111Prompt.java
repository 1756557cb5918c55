package dev.weir.engine.prompt;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The weights of a prompt of stable-diffusion-webui, as {@code parse_prompt_attention} of its {@code prompt_parser.py} reads them:
 * {@code (x)} times 1.1, {@code (x:1.3)}, {@code [x]} divided by 1.1, nested ones multiplied, a backslash before a bracket that counts
 * as text. Stateless; any thread.
 */
final class A1111Prompt {

    private static final double UP = 1.1;
    private static final double DOWN = 1 / 1.1;

    private static final Pattern TOKEN = Pattern.compile(
            "\\\\[()\\[\\]\\\\]|\\\\|[(\\[]|:\\s*([+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+))\\s*\\)|[)\\]]|[^\\\\()\\[\\]:]+|:",
            Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern BREAK = Pattern.compile("\\s*\\bBREAK\\b\\s*", Pattern.UNICODE_CHARACTER_CLASS);

    private final List<Fragment> fragments = new ArrayList<>();
    private final Deque<Integer> round = new ArrayDeque<>();
    private final Deque<Integer> square = new ArrayDeque<>();

    private A1111Prompt() {}

    /** At least one. Neighbours of one weight are joined. */
    static List<Fragment> parse(String text) {
        return new A1111Prompt().read(text);
    }

    private List<Fragment> read(String text) {
        for (Matcher token = TOKEN.matcher(text); token.find(); ) {
            String found = token.group();
            if (found.startsWith("\\")) {
                add(found.substring(1));
            } else if (found.equals("(")) {
                round.push(fragments.size());
            } else if (found.equals("[")) {
                square.push(fragments.size());
            } else if (token.group(1) != null && !round.isEmpty()) {
                multiply(round.pop(), PromptWeight.parse(token.group(1)));
            } else if (found.equals(")") && !round.isEmpty()) {
                multiply(round.pop(), UP);
            } else if (found.equals("]") && !square.isEmpty()) {
                multiply(square.pop(), DOWN);
            } else {
                addParts(found);
            }
        }
        // Brackets that are not closed count up to the end.
        round.descendingIterator().forEachRemaining(from -> multiply(from, UP));
        square.descendingIterator().forEachRemaining(from -> multiply(from, DOWN));
        if (fragments.isEmpty()) {
            add("");
        }
        return joined();
    }

    private void add(String text) {
        fragments.add(new Fragment(text, 1));
    }

    private void addParts(String text) {
        String[] parts = BREAK.split(text, -1);
        for (int i = 0; i < parts.length; i++) {
            if (i > 0) {
                fragments.add(new Fragment(Fragment.BREAK, Fragment.BREAK_WEIGHT));
            }
            add(parts[i]);
        }
    }

    private void multiply(int from, double factor) {
        for (int i = from; i < fragments.size(); i++) {
            fragments.set(i, fragments.get(i).times(factor));
        }
    }

    private List<Fragment> joined() {
        List<Fragment> joined = new ArrayList<>();
        for (Fragment fragment : fragments) {
            int last = joined.size() - 1;
            if (last >= 0 && joined.get(last).weight() == fragment.weight()) {
                joined.set(last, new Fragment(joined.get(last).text() + fragment.text(), fragment.weight()));
            } else {
                joined.add(fragment);
            }
        }
        return joined;
    }
}
