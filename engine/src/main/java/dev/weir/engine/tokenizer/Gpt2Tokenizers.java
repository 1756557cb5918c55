package dev.weir.engine.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ModelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/** GPT-2's tokenizer, from {@code vocab.json} and {@code merges.txt}: byte-level BPE of words with the space before them. Stateless; any thread. */
final class Gpt2Tokenizers {

    /** The library's own pattern of words is GPT-2's. */
    private static final String DEFINITION =
            """
            {
              "version": "1.0",
              "added_tokens": [],
              "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
              "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
              "model": {"type": "BPE", "continuing_subword_prefix": "", "end_of_word_suffix": "", "fuse_unk": false}
            }""";

    private static final String END = "<|endoftext|>";

    private Gpt2Tokenizers() {}

    /** @param config of which {@code do_lower_case} counts, which transformers' class does not have */
    static Tokenizer open(Path folder, JsonNode config, int length, int embeddings) {
        Path file = folder.resolve("vocab.json");
        JsonNode vocabulary = JsonFile.read(file);
        for (Map.Entry<String, JsonNode> token : vocabulary.properties()) {
            Tokenizers.requireEmbedding(file, token.getKey(), token.getValue().asLong(), embeddings);
        }
        if (!vocabulary.has(END)) {
            throw new ModelException("%s: no id for the special token '%s'".formatted(file, END));
        }
        ObjectNode definition =
                (ObjectNode) JsonFile.parse("GPT-2's definition", DEFINITION.getBytes(StandardCharsets.UTF_8));
        ObjectNode model = definition.withObject("/model");
        model.set("vocab", vocabulary);
        ArrayNode merges = model.putArray("merges");
        MergesFile.read(folder.resolve("merges.txt")).forEach(merges::add);
        return new UnmarkedTokenizer(
                new LibraryEncoder(file, definition),
                config.path("do_lower_case").asBoolean(),
                length,
                vocabulary.get(END).asLong());
    }
}
