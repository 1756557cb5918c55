package dev.weir.engine.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.JsonFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Writes the {@code tokenizer.json} that CLIP's {@code vocab.json} and {@code merges.txt} stand for: byte-level BPE whose
 * words end in {@code </w>}. Stateless; any thread.
 */
final class ClipDefinition {

    /** The pattern of words is that of openai/CLIP, simple_tokenizer.py. */
    private static final String FAST =
            """
            {
              "version": "1.0",
              "added_tokens": [],
              "normalizer": {"type": "Sequence", "normalizers": [
                {"type": "NFC"},
                {"type": "Replace", "pattern": {"Regex": "\\\\s+"}, "content": " "},
                {"type": "Lowercase"}]},
              "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                {"type": "Split", "behavior": "Removed", "invert": true, "pattern": {
                  "Regex": "'s|'t|'re|'ve|'m|'ll|'d|[\\\\p{L}]+|[\\\\p{N}]|[^\\\\s\\\\p{L}\\\\p{N}]+"}},
                {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]},
              "post_processor": {"type": "RobertaProcessing", "trim_offsets": false, "add_prefix_space": false},
              "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
              "model": {"type": "BPE", "continuing_subword_prefix": "", "end_of_word_suffix": "</w>", "fuse_unk": false}
            }""";

    /** For text that is normalized already and whose words stand apart. */
    private static final String WORDS =
            """
            {
              "version": "1.0",
              "added_tokens": [],
              "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                {"type": "WhitespaceSplit"},
                {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]},
              "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
              "model": {"type": "BPE", "continuing_subword_prefix": "", "end_of_word_suffix": "</w>", "fuse_unk": false}
            }""";

    /** The original reads no more merges than this after the first line, which is the file's version. */
    private static final int MAX_MERGES = 49_152 - 256 - 2;

    private ClipDefinition() {}

    /** What transformers makes of the files for the fast class: a whole prompt, between a start and an end token. */
    static ObjectNode fast(Path folder, SpecialTokens special) {
        ObjectNode definition = definition(FAST, folder, special);
        JsonNode vocabulary = definition.path("model").path("vocab");
        ObjectNode marks = definition.withObject("/post_processor");
        String start = special.start().content();
        String end = special.end().content();
        marks.putArray("cls").add(start).add(vocabulary.path(start).asLong());
        marks.putArray("sep").add(end).add(vocabulary.path(end).asLong());
        return definition;
    }

    /** Words that are separated by spaces to their tokens, and nothing else. */
    static ObjectNode words(Path folder, SpecialTokens special) {
        return definition(WORDS, folder, special);
    }

    private static ObjectNode definition(String template, Path folder, SpecialTokens special) {
        ObjectNode definition =
                (ObjectNode) JsonFile.parse("CLIP's definition", template.getBytes(StandardCharsets.UTF_8));
        ObjectNode model = definition
                .withObject("/model")
                .put("unk_token", special.unknown().content());
        model.set("vocab", JsonFile.read(folder.resolve("vocab.json")));
        ArrayNode merges = model.putArray("merges");
        MergesFile.read(folder.resolve("merges.txt"), MAX_MERGES).forEach(merges::add);
        return definition;
    }
}
