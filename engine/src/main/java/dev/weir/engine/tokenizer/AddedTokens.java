package dev.weir.engine.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ModelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** The added tokens of a tokenizer's folder, as transformers gathers them. Stateless; any thread. */
final class AddedTokens {

    private static final String DECODER = "added_tokens_decoder";
    private static final String ADDED = "added_tokens";

    private AddedTokens() {}

    /**
     * Those that the folder's files declare, by id: {@code added_tokens_decoder} of the configuration where it has one, else
     * {@code added_tokens.json}, and {@code tokenizer.json} over it.
     */
    static SortedMap<Long, AddedToken> declared(Path folder, JsonNode config, List<AddedToken> special) {
        SortedMap<Long, AddedToken> declared = new TreeMap<>();
        if (config.has(DECODER)) {
            String where = folder.resolve("tokenizer_config.json") + ": " + DECODER;
            for (Map.Entry<String, JsonNode> entry : config.path(DECODER).properties()) {
                long id = id(where, entry.getKey());
                declared.put(id, AddedToken.read(where, id, entry.getValue(), false));
            }
            return declared;
        }
        Path older = folder.resolve("added_tokens.json");
        if (Files.isRegularFile(older)) {
            Set<String> specials = new HashSet<>();
            special.forEach(token -> specials.add(token.content()));
            for (Map.Entry<String, JsonNode> entry : JsonFile.read(older).properties()) {
                long id = id(older + "", entry.getValue().asText());
                declared.put(id, AddedToken.of(id, entry.getKey(), specials.contains(entry.getKey())));
            }
        }
        Path definition = folder.resolve("tokenizer.json");
        if (Files.isRegularFile(definition)) {
            for (JsonNode entry : JsonFile.read(definition).path(ADDED)) {
                long id = id(definition + "", entry.path("id").asText());
                declared.put(id, AddedToken.read(definition + "", id, entry, false));
            }
        }
        return declared;
    }

    /** For a slow tokenizer: with the special tokens that are not declared, which take ids past all others if they have none. */
    static List<AddedToken> ofSlow(
            SortedMap<Long, AddedToken> declared, List<AddedToken> special, JsonNode vocabulary) {
        Map<String, AddedToken> tokens = byContent(declared);
        long next = vocabulary.size()
                + tokens.keySet().stream()
                        .filter(content -> !vocabulary.has(content))
                        .count();
        for (AddedToken token : special) {
            if (!tokens.containsKey(token.content())) {
                JsonNode id = vocabulary.path(token.content());
                tokens.put(token.content(), token.withId(id.isMissingNode() ? next++ : id.asLong()));
            }
        }
        return List.copyOf(tokens.values());
    }

    /**
     * Writes into a definition what a fast tokenizer adds to it: the declared tokens, and the special ones that are not
     * declared. They get the ids that the library will give them, whatever the files say.
     */
    static List<AddedToken> merge(
            ObjectNode definition, SortedMap<Long, AddedToken> declared, List<AddedToken> special) {
        Map<String, AddedToken> tokens = new LinkedHashMap<>();
        for (JsonNode entry : definition.path(ADDED)) {
            AddedToken token = AddedToken.read(ADDED, AddedToken.NO_ID, entry, false);
            tokens.put(token.content(), token);
        }
        tokens.putAll(byContent(declared));
        special.forEach(token -> tokens.putIfAbsent(token.content(), token));
        JsonNode vocabulary = definition.path("model").path("vocab");
        List<AddedToken> merged = new ArrayList<>();
        long next = vocabulary.size();
        for (AddedToken token : tokens.values()) {
            long id = vocabulary.path(token.content()).asLong(next);
            merged.add(token.withId(id));
            next = Math.max(next, id + 1);
        }
        ArrayNode entries = definition.putArray(ADDED);
        merged.forEach(token -> token.writeTo(entries.addObject()));
        return merged;
    }

    private static Map<String, AddedToken> byContent(SortedMap<Long, AddedToken> declared) {
        Map<String, AddedToken> tokens = new LinkedHashMap<>();
        declared.values().forEach(token -> tokens.put(token.content(), token));
        return tokens;
    }

    private static long id(String where, String text) {
        if (!text.matches("\\d{1,9}")) {
            throw new ModelException("%s: not a token's id: %s".formatted(where, text));
        }
        return Long.parseLong(text);
    }
}
