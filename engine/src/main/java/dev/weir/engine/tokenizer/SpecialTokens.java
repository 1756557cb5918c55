package dev.weir.engine.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ModelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The tokens of a CLIP tokenizer that stand for no text; without ids, which the vocabulary or the added tokens have.
 *
 * @param unknown stands for what the vocabulary lacks, which for byte-level BPE is nothing
 * @param pad fills up to the length: the end token for Stable Diffusion 1.x, {@code !} for 2.x
 */
record SpecialTokens(
        AddedToken start, AddedToken end, AddedToken unknown, AddedToken pad, List<AddedToken> additional) {

    private static final String START = "<|startoftext|>";
    private static final String END = "<|endoftext|>";
    private static final String ADDITIONAL = "additional_special_tokens";

    /**
     * As transformers finds them: {@code special_tokens_map.json} over {@code tokenizer_config.json}, unless the latter
     * is of the newer kind that lists its added tokens.
     */
    static SpecialTokens read(Path folder, JsonNode config) {
        Path file = folder.resolve("special_tokens_map.json");
        boolean mapCounts = !config.has("added_tokens_decoder") && Files.isRegularFile(file);
        JsonNode map = mapCounts ? JsonFile.read(file) : config;
        List<AddedToken> additional = new ArrayList<>();
        for (JsonNode token : map.hasNonNull(ADDITIONAL) ? map.path(ADDITIONAL) : config.path(ADDITIONAL)) {
            additional.add(token(folder, ADDITIONAL, token, false));
        }
        return new SpecialTokens(
                token(folder, map, config, "bos_token", START, true),
                token(folder, map, config, "eos_token", END, true),
                token(folder, map, config, "unk_token", END, true),
                token(folder, map, config, "pad_token", END, false),
                List.copyOf(additional));
    }

    /** In the order in which they take ids; some may be the same. */
    List<AddedToken> all() {
        List<AddedToken> all = new ArrayList<>(List.of(start, end, unknown, pad));
        all.addAll(additional);
        return all;
    }

    private static AddedToken token(
            Path folder, JsonNode map, JsonNode config, String key, String otherwise, boolean normalized) {
        JsonNode token = map.hasNonNull(key) ? map.get(key) : config.path(key);
        return token.isMissingNode() || token.isNull()
                ? named(otherwise, normalized)
                : token(folder, key, token, normalized);
    }

    private static AddedToken token(Path folder, String key, JsonNode token, boolean normalized) {
        if (token.isObject()) {
            return AddedToken.read(folder + ": " + key, AddedToken.NO_ID, token, true);
        }
        if (!token.isTextual() || token.textValue().isEmpty()) {
            throw new ModelException("%s: %s is not a token: %s".formatted(folder, key, token));
        }
        return named(token.textValue(), normalized);
    }

    private static AddedToken named(String content, boolean normalized) {
        return new AddedToken(AddedToken.NO_ID, content, false, false, false, normalized, true);
    }
}
