package dev.weir.engine.prompt;

import dev.weir.engine.prompt.CompelPrompt.Blend;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The grammar of compel's {@code prompt_parser.py} as a recursive descent with the same order of alternatives. Each rule takes a
 * position and gives what it read, or nothing. Results are remembered, so that nested brackets do not take exponential time.
 */
final class CompelGrammar {

    private static final double UP = 1.1;
    private static final double DOWN = 0.9;
    private static final String SPACE = " \t\n\r\u000b\f";
    private static final String SYNTAX = "()\",.+-=";

    private static final Pattern SIGNS = Pattern.compile("\\++|-+");
    private static final Pattern NUMBER = Pattern.compile("[+-]?(?:[0-9]+\\.[0-9]*|[0-9]*\\.[0-9]+)|-?[0-9]+");
    private static final Pattern OPTION =
            Pattern.compile("[\\w-]+\\s*=\\s*[\\w.+-]+|[+-]?[0-9]*\\.[0-9]+|[\\w-]+\\.?[0-9]*");
    /**
     * Up to the next quotation mark without a backslash; if there is none in the line, up to its last one. Possessive, as otherwise each
     * character would take some of the thread's stack.
     */
    private static final Pattern QUOTED = Pattern.compile("\"((?:\\\\\"|[^\"\\n\\r])*+(?=\")|[^\\n\\r]*(?=\"))\"");

    private static final Pattern FREE = Pattern.compile("[^" + SPACE + "]+");
    private static final Pattern LORA = Pattern.compile("(?:useLora|withLora)\\s*\\(");

    /** Brackets that are nested deeper are text. */
    private static final int DEEPEST = 64;

    private record Read(List<Fragment> fragments, int end) {}

    private record List_(List<List<Fragment>> prompts, int end) {}

    private record Key(String rule, int at) {}

    private final String text;
    private final int depth;
    private final Map<Key, Optional<Read>> known = new HashMap<>();
    private int nesting;

    CompelGrammar(String text) {
        this(text, 0);
    }

    private CompelGrammar(String text, int depth) {
        this.text = text;
        this.depth = depth;
    }

    CompelPrompt prompt() {
        Optional<List_> list = list(0);
        if (list.isPresent()) {
            List<List<Fragment>> prompts = list.get().prompts();
            Optional<Call> call = call(list.get().end(), List.of(".and", ".add", ".blend"));
            if (call.isPresent() && call.get().name().equals(".blend")) {
                if (skip(call.get().end()) < text.length()) {
                    throw new IllegalArgumentException("there is text after blend()");
                }
                List<String> options = call.get().options();
                boolean raw =
                        !options.isEmpty() && options.get(options.size() - 1).equals("no_normalize");
                List<Double> weights = numbers(raw ? options.subList(0, options.size() - 1) : options);
                return CompelPrompt.of(
                        new Blend(prompts, CompelPrompt.weights("blend", prompts.size(), weights), !raw));
            }
            if (call.isPresent()) {
                List<Double> weights = numbers(call.get().options());
                return new CompelPrompt(
                        prompts.stream().map(Blend::of).toList(), CompelPrompt.weights("and", prompts.size(), weights));
            }
        }
        return CompelPrompt.of(Blend.of(words()));
    }

    private static List<Double> numbers(List<String> options) {
        return options.stream()
                .map(option -> {
                    if (!NUMBER.matcher(option).matches()) {
                        throw new IllegalArgumentException("\"%s\" is not a weight".formatted(option));
                    }
                    return PromptWeight.parse(option);
                })
                .toList();
    }

    /** A whole prompt: whatever is no syntax is text. */
    private List<Fragment> words() {
        List<Fragment> all = new ArrayList<>();
        for (int at = skip(0); at < text.length(); at = skip(at)) {
            Optional<Read> read = syntax(at);
            Read next = read.isPresent() ? read.get() : match(FREE, at).orElseThrow();
            all.addAll(next.fragments());
            at = next.end();
        }
        return all;
    }

    /** Something with a weight, in quotation marks or in brackets. */
    private Optional<Read> syntax(int from) {
        int at = skip(from);
        refuse(at);
        return attention(at).or(() -> quoted(at)).or(() -> bracketed(at));
    }

    private void refuse(int at) {
        if (matcher(LORA, at).lookingAt()) {
            throw new IllegalArgumentException("withLora() is not taken; name LoRAs in the field loras");
        }
        target(at)
                .filter(read -> literal(read.end(), ".swap") > 0 && literal(literal(read.end(), ".swap"), "(") > 0)
                .ifPresent(read -> {
                    throw new IllegalArgumentException("swap() is not supported");
                });
    }

    private Optional<Read> attention(int from) {
        return remembered("attention", from, at -> explicit(at).or(() -> implicit(at)));
    }

    private Optional<Read> explicit(int at) {
        return target(at).flatMap(read -> {
            int open = literal(literal(read.end(), ".attend"), "(");
            return weight(skip(open), true)
                    .filter(weight -> literal(weight.end(), ")") > 0)
                    .map(weight -> weighted(read, weight.value(), literal(weight.end(), ")")));
        });
    }

    /** The weight follows without a space. A word has signs only: the number would be part of it. */
    private Optional<Read> implicit(int at) {
        Optional<Read> enclosed = quoted(at).or(() -> bracketed(at));
        return enclosed.flatMap(
                        read -> weight(read.end(), true).map(weight -> weighted(read, weight.value(), weight.end())))
                .or(() -> word(at).flatMap(read ->
                        weight(read.end(), false).map(weight -> weighted(read, weight.value(), weight.end()))));
    }

    private record Weight(double value, int end) {}

    private Optional<Weight> weight(int at, boolean numbers) {
        if (at < 0) {
            return Optional.empty();
        }
        Matcher signs = matcher(SIGNS, at);
        if (signs.lookingAt()) {
            double base = signs.group().startsWith("+") ? UP : DOWN;
            return Optional.of(new Weight(Math.pow(base, signs.group().length()), signs.end()));
        }
        Matcher number = matcher(NUMBER, at);
        return numbers && number.lookingAt()
                ? Optional.of(new Weight(PromptWeight.parse(number.group()), number.end()))
                : Optional.empty();
    }

    private static Read weighted(Read read, double weight, int end) {
        return new Read(
                read.fragments().stream()
                        .map(fragment -> fragment.times(weight))
                        .toList(),
                end);
    }

    private Optional<Read> target(int at) {
        return quoted(at).or(() -> bracketed(at)).or(() -> word(at));
    }

    private Optional<Read> bracketed(int from) {
        return remembered("bracketed", from, at -> {
            int open = literal(at, "(");
            if (open < 0 || nesting + depth == DEEPEST) {
                return Optional.empty();
            }
            nesting++;
            Read inner = inner(open);
            nesting--;
            int close = literal(inner.end(), ")");
            return close < 0 ? Optional.empty() : Optional.of(new Read(inner.fragments(), close));
        });
    }

    /** What may be in brackets: syntax, words, commas and full stops, as far as it goes. */
    private Read inner(int from) {
        List<Fragment> all = new ArrayList<>();
        int end = from;
        while (true) {
            int at = skip(end);
            Optional<Read> read = syntax(at).or(() -> word(at)).or(() -> punctuation(at));
            if (read.isEmpty()) {
                return new Read(all, end);
            }
            all.addAll(read.get().fragments());
            end = read.get().end();
        }
    }

    private Optional<Read> punctuation(int at) {
        return at < text.length() && ",.".indexOf(text.charAt(at)) >= 0
                ? Optional.of(read(at, at + 1))
                : Optional.empty();
    }

    private Optional<Read> quoted(int from) {
        return remembered("quoted", from, at -> quotation(at).flatMap(quotation -> {
            CompelGrammar own = new CompelGrammar(quotation.fragments().get(0).text(), depth + nesting + 1);
            if (own.text.isBlank()) {
                return Optional.of(new Read(List.of(new Fragment("", 1)), quotation.end()));
            }
            if (own.depth > DEEPEST) {
                return Optional.empty();
            }
            Read inner = own.inner(0);
            return own.skip(inner.end()) < own.text.length()
                    ? Optional.empty()
                    : Optional.of(new Read(inner.fragments(), quotation.end()));
        }));
    }

    /** The text in quotation marks as it stands. */
    private Optional<Read> quotation(int at) {
        Matcher quoted = matcher(QUOTED, at);
        return quoted.lookingAt()
                ? Optional.of(new Read(List.of(new Fragment(quoted.group(1), 1)), quoted.end()))
                : Optional.empty();
    }

    /** Quoted texts of lists may be any prompts. */
    private Optional<Read> quotedPrompt(int at) {
        return quotation(at)
                .map(quotation -> new Read(
                        new CompelGrammar(quotation.fragments().get(0).text(), depth + 1).words(), quotation.end()));
    }

    /** A word without syntax. */
    private Optional<Read> word(int from) {
        int at = from;
        while (at < text.length()) {
            char c = text.charAt(at);
            boolean escape = c == '\\' && at + 1 < text.length() && SYNTAX.indexOf(text.charAt(at + 1)) >= 0;
            boolean sign = (c == '+' || c == '-') && at + 1 < text.length() && isPlain(text.charAt(at + 1));
            if (escape) {
                at += 2;
            } else if (sign || isPlain(c)) {
                at++;
            } else {
                break;
            }
        }
        return at == from ? Optional.empty() : Optional.of(read(from, at));
    }

    private static boolean isPlain(char c) {
        return SYNTAX.indexOf(c) < 0 && SPACE.indexOf(c) < 0;
    }

    private Read read(int from, int end) {
        String plain = text.substring(from, end);
        return new Read(List.of(new Fragment(unescaped(unescaped(plain)), 1)), end);
    }

    /** compel does this whenever it copies a fragment, and so at least twice. */
    private static String unescaped(String text) {
        return text.replace("\\(", "(").replace("\\)", ")").replace("\\\"", "\"");
    }

    private Optional<List_> list(int from) {
        int at = literal(from, "(");
        List<List<Fragment>> prompts = new ArrayList<>();
        while (at >= 0) {
            int start = skip(at);
            Optional<Read> element = target(start).or(() -> quotedPrompt(start));
            if (element.isEmpty()) {
                return Optional.empty();
            }
            prompts.add(element.get().fragments());
            int close = literal(element.get().end(), ")");
            if (close > 0) {
                return Optional.of(new List_(prompts, close));
            }
            at = literal(element.get().end(), ",");
        }
        return Optional.empty();
    }

    private record Call(String name, List<String> options, int end) {}

    private Optional<Call> call(int at, List<String> names) {
        for (String name : names) {
            int open = literal(literal(at, name), "(");
            if (open > 0) {
                return options(open).map(call -> new Call(name, call.options(), call.end()));
            }
        }
        return Optional.empty();
    }

    private Optional<Call> options(int from) {
        List<String> options = new ArrayList<>();
        int at = from;
        while (true) {
            Matcher option = matcher(OPTION, skip(at));
            if (option.lookingAt()) {
                options.add(option.group());
                at = option.end();
                int comma = literal(at, ",");
                if (comma > 0) {
                    at = comma;
                    continue;
                }
            }
            int close = literal(at, ")");
            return close > 0 ? Optional.of(new Call("", options, close)) : Optional.empty();
        }
    }

    private Optional<Read> remembered(String rule, int at, IntFunction<Optional<Read>> reader) {
        Key key = new Key(rule, at);
        Optional<Read> before = known.get(key);
        if (before == null) {
            before = reader.apply(at);
            known.put(key, before);
        }
        return before;
    }

    private Optional<Read> match(Pattern pattern, int at) {
        Matcher matcher = matcher(pattern, at);
        return matcher.lookingAt() ? Optional.of(read(at, matcher.end())) : Optional.empty();
    }

    private Matcher matcher(Pattern pattern, int at) {
        return pattern.matcher(text).region(Math.min(at, text.length()), text.length());
    }

    /** The position after a text, which may follow spaces; negative if it is not there, or if the position is. */
    private int literal(int from, String wanted) {
        int at = from < 0 ? -1 : skip(from);
        return at >= 0 && text.startsWith(wanted, at) ? at + wanted.length() : -1;
    }

    private int skip(int from) {
        int at = from;
        while (at >= 0 && at < text.length() && SPACE.indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        return at;
    }
}
