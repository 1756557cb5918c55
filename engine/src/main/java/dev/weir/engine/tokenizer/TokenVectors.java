package dev.weir.engine.tokenizer;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Textual inversions of several vectors: where a prompt has {@code <cat>} and there are the added tokens {@code <cat>_1},
 * {@code <cat>_2} and so on, it stands for all of them, as in diffusers' {@code maybe_convert_prompt}. Immutable; any thread.
 */
final class TokenVectors {

    /** By the id of the first vector: its token, and all of them. */
    private final Map<Long, List<String>> vectors = new LinkedHashMap<>();

    TokenVectors(List<AddedToken> tokens) {
        Set<String> contents = tokens.stream().map(AddedToken::content).collect(Collectors.toSet());
        for (AddedToken token : tokens) {
            StringBuilder all = new StringBuilder(token.content());
            for (int i = 1; contents.contains(token.content() + "_" + i); i++) {
                all.append(' ').append(token.content()).append('_').append(i);
            }
            if (all.length() > token.content().length()) {
                vectors.put(token.id(), List.of(token.content(), all.toString()));
            }
        }
    }

    /** @param ids of the prompt as it is */
    String expand(String prompt, long[] ids) {
        String expanded = prompt;
        for (Map.Entry<Long, List<String>> entry : vectors.entrySet()) {
            if (Arrays.stream(ids).anyMatch(id -> id == entry.getKey())) {
                expanded = expanded.replace(
                        entry.getValue().get(0), entry.getValue().get(1));
            }
        }
        return expanded;
    }
}
