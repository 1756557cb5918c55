package dev.weir.engine.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ModelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The tokens of a CLIP tokenizer that stand for no text.
 *
 * @param pad fills up to the length: the end token for Stable Diffusion 1.x, {@code !} for 2.x
 * @param unknown stands for what the vocabulary lacks, which for byte-level BPE is nothing
 */
record SpecialTokens(String start, String end, String pad, String unknown) {

    private static final String START = "<|startoftext|>";
    private static final String END = "<|endoftext|>";

    /**
     * As transformers finds them: {@code special_tokens_map.json} over {@code tokenizer_config.json}, unless the latter
     * is of the newer kind that lists its added tokens.
     */
    static SpecialTokens read(Path folder, JsonNode config) {
        Path file = folder.resolve("special_tokens_map.json");
        boolean mapCounts = !config.has("added_tokens_decoder") && Files.isRegularFile(file);
        JsonNode map = mapCounts ? JsonFile.read(file) : config;
        return new SpecialTokens(
                token(folder, map, config, "bos_token", START),
                token(folder, map, config, "eos_token", END),
                token(folder, map, config, "pad_token", END),
                token(folder, map, config, "unk_token", END));
    }

    Stream<String> distinct() {
        return Stream.of(start, end, pad, unknown).distinct();
    }

    private static String token(Path folder, JsonNode map, JsonNode config, String key, String otherwise) {
        JsonNode token = map.hasNonNull(key) ? map.get(key) : config.path(key);
        if (token.isMissingNode() || token.isNull()) {
            return otherwise;
        }
        String text = (token.isObject() ? token.path("content") : token).textValue();
        if (text == null || text.isEmpty()) {
            throw new ModelException("%s: %s is not a token: %s".formatted(folder, key, token));
        }
        return text;
    }
}
