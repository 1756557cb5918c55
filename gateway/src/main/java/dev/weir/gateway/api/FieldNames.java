package dev.weir.gateway.api;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What the clients of another API call Weir's fields, for messages. A name of several words is replaced wherever it stands outside
 * quotation marks and is no part of a longer name; one of a single word, which may be plain English, only where a message begins with it. Immutable; any thread.
 */
public final class FieldNames {

    private final Map<String, String> names;
    private final Pattern known;

    private FieldNames(Map<String, String> names) {
        this.names = Map.copyOf(names);
        this.known = Pattern.compile("(?<![\\w\".])(?:%s)(?![\\w\"])|(?:^|(?<=: ))(?:%s)(?= )"
                .formatted(alternatives(names, true), alternatives(names, false)));
    }

    /** @param names the client's by Weir's */
    public static FieldNames of(Map<String, String> names) {
        return new FieldNames(names);
    }

    private static String alternatives(Map<String, String> names, boolean severalWords) {
        return names.keySet().stream()
                .filter(name -> name.contains("_") == severalWords)
                .map(Pattern::quote)
                .collect(Collectors.joining("|"));
    }

    /** A message with the client's names. */
    public String translated(String message) {
        return known.matcher(message).replaceAll(found -> Matcher.quoteReplacement(names.get(found.group())));
    }
}
