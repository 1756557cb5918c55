package dev.weir.engine.prompt;

import dev.weir.engine.sampler.PercentRange;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * The texts of a prompt, and which of them counts when. All but prompts of stable-diffusion-webui are one text. Immutable.
 *
 * @param texts each once
 * @param parts of a prompt with AND, or of ComfyUI's, which are guided by side by side
 * @param isFilled whether shorter parts are filled up with their last state, as stable-diffusion-webui does
 */
public record Composition(List<String> texts, List<Part> parts, boolean isFilled) {

    private static final int MOST_TEXTS = 32;
    private static final int MOST_PARTS = 8;
    private static final Pattern AND = Pattern.compile("\\bAND\\b", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern WEIGHT = Pattern.compile(
            "((?s:.)*?)(?:\\s*:\\s*([-+]?(?:[0-9]+\\.?|[0-9]*\\.[0-9]+)))?\\s*", Pattern.UNICODE_CHARACTER_CLASS);

    /**
     * @param spans in the order of their ends
     * @param range in which the part counts
     * @param isZero whether the network sees zeros in the place of the states of its text
     */
    public record Part(List<Span> spans, double weight, PercentRange range, boolean isZero) {

        public Part {
            spans = List.copyOf(spans);
        }

        Part(List<Span> spans, double weight) {
            this(spans, weight, PercentRange.WHOLE, false);
        }

        /** The number of the text of a step, from 0. As in the tool, the first step counts as the step before the first. */
        public int textAt(int step) {
            return spans.stream()
                    .filter(span -> step <= span.end())
                    .findFirst()
                    .orElse(spans.get(spans.size() - 1))
                    .text();
        }
    }

    /** @param text its number */
    public record Span(int end, int text) {}

    public Composition {
        texts = List.copyOf(texts);
        parts = List.copyOf(parts);
    }

    /** One text for all steps. */
    public static Composition of(String text) {
        return ofEqual(List.of(text), List.of(PercentRange.WHOLE));
    }

    /** Texts that count equally, as those that ComfyUI combines. @param ranges in which each counts */
    public static Composition ofEqual(List<String> texts, List<PercentRange> ranges) {
        requireFew(texts.size());
        List<String> all = List.copyOf(new LinkedHashSet<>(texts));
        List<Part> parts = IntStream.range(0, texts.size())
                .mapToObj(i -> new Part(
                        List.of(new Span(0, all.indexOf(texts.get(i)))), 1.0 / texts.size(), ranges.get(i), false))
                .toList();
        return new Composition(all, parts, false);
    }

    /** The same with zeros in the place of the states of some parts. @param zeros their numbers, from 0 */
    public Composition zeroing(IntPredicate zeros) {
        List<Part> some = IntStream.range(0, parts.size())
                .mapToObj(i -> zeros.test(i)
                        ? new Part(
                                parts.get(i).spans(),
                                parts.get(i).weight(),
                                parts.get(i).range(),
                                true)
                        : parts.get(i))
                .toList();
        return new Composition(texts, some, isFilled);
    }

    private static String text(String text, PromptSyntax syntax) {
        return syntax == PromptSyntax.COMFYUI ? ComfyNotation.text(text) : text;
    }

    private static void requireFew(int parts) {
        if (parts > MOST_PARTS) {
            throw new IllegalArgumentException(
                    "the prompt joins %d parts, and at most %d are allowed".formatted(parts, MOST_PARTS));
        }
    }

    /**
     * A prompt, whose parts may be joined by AND.
     *
     * @param steps that the texts may change by
     * @throws IllegalArgumentException if there are too many texts or parts
     */
    public static Composition of(String text, PromptSyntax syntax, int steps) {
        return syntax == PromptSyntax.A1111 ? composed(AND.split(text, -1), true, steps) : of(text(text, syntax));
    }

    /** A negative prompt, in which AND is a word. */
    public static Composition ofNegative(String text, PromptSyntax syntax, int steps) {
        return syntax == PromptSyntax.A1111 ? composed(new String[] {text}, false, steps) : of(text(text, syntax));
    }

    private static Composition composed(String[] texts, boolean weighted, int steps) {
        requireFew(texts.length);
        Set<String> all = new LinkedHashSet<>();
        List<List<PromptSchedule.Until>> schedules = new ArrayList<>();
        List<Double> weights = new ArrayList<>();
        for (String text : texts) {
            Matcher weight = WEIGHT.matcher(text);
            boolean split = weighted && weight.matches();
            weights.add(split && weight.group(2) != null ? PromptWeight.parse(weight.group(2)) : 1);
            List<PromptSchedule.Until> schedule = PromptSchedule.parse(split ? weight.group(1) : text, steps);
            schedule.forEach(until -> all.add(until.text()));
            schedules.add(schedule);
        }
        if (all.size() > MOST_TEXTS) {
            throw new IllegalArgumentException("the prompt changes between %d texts, and at most %d are allowed"
                    .formatted(all.size(), MOST_TEXTS));
        }
        List<String> numbered = List.copyOf(all);
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < schedules.size(); i++) {
            List<Span> spans = schedules.get(i).stream()
                    .map(until -> new Span(until.step(), numbered.indexOf(until.text())))
                    .toList();
            parts.add(new Part(spans, weights.get(i)));
        }
        return new Composition(numbered, parts, true);
    }

    /** The same with the last text of each part for all steps, for a stage that begins when the others are done. */
    public Composition atEnd() {
        List<Part> last = parts.stream()
                .map(part -> new Part(
                        part.spans()
                                .subList(part.spans().size() - 1, part.spans().size()),
                        part.weight(),
                        part.range(),
                        part.isZero()))
                .toList();
        return new Composition(texts, last, isFilled);
    }

    /** Whether it is one text, guided by as any. */
    public boolean isPlain() {
        return isSingle() && !parts.get(0).isZero();
    }

    /** The same, or zeros in the place of one text's states. */
    public boolean isSingle() {
        return parts.size() == 1
                && parts.get(0).weight() == 1
                && parts.get(0).range().equals(PercentRange.WHOLE)
                && parts.get(0).spans().stream().allMatch(span -> span.text() == 0);
    }
}
