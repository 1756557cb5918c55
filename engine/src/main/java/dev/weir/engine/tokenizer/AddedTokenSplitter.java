package dev.weir.engine.tokenizer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Takes added tokens out of a text as transformers' slow tokenizers do: the leftmost and there the longest first, with case
 * and white space as they are. Immutable; any thread.
 */
final class AddedTokenSplitter {

    private final Map<String, AddedToken> tokens;
    private final Pattern pattern;

    AddedTokenSplitter(List<AddedToken> tokens) {
        this.tokens = tokens.stream().collect(Collectors.toMap(AddedToken::content, Function.identity()));
        this.pattern = Pattern.compile(tokens.stream()
                .map(AddedToken::content)
                .sorted(Comparator.comparing(String::length).reversed())
                .map(Pattern::quote)
                .collect(Collectors.joining("|")));
    }

    /** The parts of the text in order; a part that is an added token's content is that token. None is empty. */
    List<String> split(String text) {
        List<String> parts = new ArrayList<>();
        int end = 0;
        for (Matcher matcher = pattern.matcher(text); matcher.find(); end = matcher.end()) {
            if (matcher.start() > end) {
                parts.add(text.substring(end, matcher.start()));
            }
            parts.add(matcher.group());
        }
        if (end < text.length()) {
            parts.add(text.substring(end));
        }
        applyFlags(parts);
        parts.removeIf(String::isEmpty);
        return parts;
    }

    /** Each token in turn, with its neighbours as the tokens before it left them. */
    private void applyFlags(List<String> parts) {
        for (int i = 0; i < parts.size(); i++) {
            AddedToken token = tokens.get(parts.get(i));
            if (token == null) {
                continue;
            }
            String left = i > 0 ? parts.get(i - 1) : "";
            String right = i + 1 < parts.size() ? parts.get(i + 1) : "";
            if (token.rightStrip() && !right.isEmpty()) {
                parts.set(i + 1, PythonText.stripStart(right));
            }
            if (token.leftStrip() && !left.isEmpty()) {
                parts.set(i - 1, PythonText.stripEnd(left));
            }
            if (token.singleWord() && !left.isEmpty() && !left.endsWith(" ")) {
                parts.set(i - 1, parts.get(i - 1) + token.content());
                parts.set(i, "");
            } else if (token.singleWord() && !right.isEmpty() && !right.startsWith(" ")) {
                parts.set(i + 1, token.content() + parts.get(i + 1));
                parts.set(i, "");
            }
        }
    }
}
