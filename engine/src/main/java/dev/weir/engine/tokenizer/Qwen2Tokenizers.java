package dev.weir.engine.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ModelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Tokenizers of Qwen's language models, from {@code tokenizer.json}: byte-level BPE. Prompts are messages of a user, in the words that
 * the folder's chat template puts around one. Stateless; any thread.
 */
final class Qwen2Tokenizers {

    private static final String DEFINITION = "tokenizer.json";

    private Qwen2Tokenizers() {}

    static Tokenizer open(Path folder, JsonNode config, int length, int embeddings) {
        Path file = folder.resolve(DEFINITION);
        if (!Files.isRegularFile(file)) {
            throw new ModelException("%s: no such file. Weir reads no other file of this tokenizer".formatted(file));
        }
        if (!config.path("padding_side").asText("right").equals("right")) {
            throw new ModelException(
                    "%s: padding_side is not right".formatted(folder.resolve("tokenizer_config.json")));
        }
        ObjectNode definition = (ObjectNode) JsonFile.read(file);
        JsonNode vocabulary = definition.path("model").path("vocab");
        if (!vocabulary.isObject() || !definition.path("model").has("merges")) {
            throw new ModelException("%s: not a BPE vocabulary, which Qwen has".formatted(file));
        }
        List<AddedToken> added =
                AddedTokens.merge(definition, AddedTokens.declared(folder, config, List.of()), List.of());
        Tokenizers.requireEmbeddings(file, vocabulary, added, embeddings);
        ChatTemplate template = ChatTemplate.read(folder, config);
        return new MessageTokenizer(new LibraryEncoder(file, definition), template, length);
    }
}
