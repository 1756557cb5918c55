package dev.weir.engine.prompt;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Texts that change by step, as the {@code schedule_parser} of stable-diffusion-webui reads them: {@code [from:to:when]} is another text
 * after the step {@code when}, or after that share of the steps if it has a point; {@code [a|b]} alternates. Other brackets stay, for
 * {@link A1111Prompt}. Confined to the thread that reads the prompt.
 */
final class PromptSchedule {

    private static final Pattern NUMBER =
            Pattern.compile("\\s*([+-]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\\s*]");
    /** Possessive, as otherwise each character would take some of the thread's stack. */
    private static final Pattern PLAIN = Pattern.compile("(?:[^\\\\\\[\\]():|]|\\\\.)++");

    /** Brackets that are nested deeper are text. */
    private static final int DEEPEST = 64;

    /** A text until a step, from 1, that is the last with it. */
    record Until(int step, String text) {}

    /** What a part of the prompt is at a step. */
    private interface Node extends IntFunction<String> {}

    private record Read(Node node, int end) {}

    private final String text;
    private final int steps;
    private final TreeSet<Integer> ends = new TreeSet<>();
    private final Map<Integer, Optional<Read>> structures = new HashMap<>();
    private int nesting;

    private PromptSchedule(String text, int steps) {
        this.text = text;
        this.steps = steps;
        ends.add(steps);
    }

    static List<Until> parse(String text, int steps) {
        PromptSchedule schedule = new PromptSchedule(text, steps);
        List<Node> nodes = new ArrayList<>();
        for (int at = 0; at < text.length(); ) {
            Optional<Read> read = schedule.item(at);
            if (read.isEmpty() && "[]():".indexOf(text.charAt(at)) < 0) {
                return List.of(new Until(steps, text)); // The tool takes what its grammar does not know as it stands.
            }
            String character = text.substring(at, at + 1);
            nodes.add(read.map(Read::node).orElse(step -> character));
            at = read.map(Read::end).orElse(at + 1);
        }
        return schedule.ends.stream()
                .map(end -> new Until(end, joined(nodes, end)))
                .toList();
    }

    private static String joined(List<Node> nodes, int step) {
        StringBuilder joined = new StringBuilder();
        nodes.forEach(node -> joined.append(node.apply(step)));
        return joined.toString();
    }

    private Optional<Read> item(int at) {
        Matcher plain = PLAIN.matcher(text).region(at, text.length());
        if (plain.lookingAt()) {
            String found = plain.group();
            return Optional.of(new Read(step -> found, plain.end()));
        }
        if (nesting == DEEPEST || at == text.length()) {
            return Optional.empty();
        }
        Optional<Read> known = structures.get(at);
        if (known == null) {
            nesting++;
            known = text.charAt(at) == '(' ? round(at) : text.charAt(at) == '[' ? square(at) : Optional.empty();
            nesting--;
            structures.put(at, known);
        }
        return known;
    }

    /** Items as far as they go; possibly none. */
    private Read prompt(int from) {
        List<Node> nodes = new ArrayList<>();
        int at = from;
        for (Optional<Read> read = item(at); read.isPresent(); read = item(at)) {
            nodes.add(read.get().node());
            at = read.get().end();
        }
        return new Read(step -> joined(nodes, step), at);
    }

    /** {@code (prompt)} or {@code (prompt:prompt)}. */
    private Optional<Read> round(int at) {
        Read first = prompt(at + 1);
        if (is(first.end(), ')')) {
            return Optional.of(new Read(step -> "(" + first.node().apply(step) + ")", first.end() + 1));
        }
        if (!is(first.end(), ':')) {
            return Optional.empty();
        }
        Read second = prompt(first.end() + 1);
        return is(second.end(), ')')
                ? Optional.of(new Read(
                        step -> "(" + first.node().apply(step) + ":"
                                + second.node().apply(step) + ")",
                        second.end() + 1))
                : Optional.empty();
    }

    private Optional<Read> square(int at) {
        Read first = prompt(at + 1);
        if (is(first.end(), ']')) {
            return Optional.of(new Read(step -> "[" + first.node().apply(step) + "]", first.end() + 1));
        }
        if (is(first.end(), '|')) {
            return alternating(first);
        }
        if (!is(first.end(), ':')) {
            return Optional.empty();
        }
        Optional<Read> added = until(first.end() + 1, step -> "", first.node());
        if (added.isPresent()) {
            return added;
        }
        Read second = prompt(first.end() + 1);
        return is(second.end(), ':') ? until(second.end() + 1, first.node(), second.node()) : Optional.empty();
    }

    private Optional<Read> until(int at, Node before, Node after) {
        Matcher number = NUMBER.matcher(text).region(at, text.length());
        if (!number.lookingAt()) {
            return Optional.empty();
        }
        double value = Double.parseDouble(number.group(1));
        int when = (int) Math.min(steps, number.group(1).contains(".") ? value * steps : value);
        if (when >= 1) {
            ends.add(when);
        }
        return Optional.of(new Read(step -> (step <= when ? before : after).apply(step), number.end()));
    }

    private Optional<Read> alternating(Read first) {
        List<Node> choices = new ArrayList<>(List.of(first.node()));
        int at = first.end();
        while (is(at, '|')) {
            Read next = prompt(at + 1);
            choices.add(next.node());
            at = next.end();
        }
        if (!is(at, ']')) {
            return Optional.empty();
        }
        for (int step = 1; step <= steps; step++) {
            ends.add(step);
        }
        return Optional.of(
                new Read(step -> choices.get((step - 1) % choices.size()).apply(step), at + 1));
    }

    private boolean is(int at, char wanted) {
        return at < text.length() && text.charAt(at) == wanted;
    }
}
