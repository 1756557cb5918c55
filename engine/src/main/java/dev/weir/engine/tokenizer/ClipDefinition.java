package dev.weir.engine.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ModelException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Writes the {@code tokenizer.json} that CLIP's {@code vocab.json} and {@code merges.txt} stand for: byte-level BPE whose
 * words end in {@code </w>}, between a start and an end token. Stateless; any thread.
 */
final class ClipDefinition {

    /** The pattern of words is that of openai/CLIP, simple_tokenizer.py. */
    private static final String TEMPLATE =
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

    /** The original reads no more merges than this after the first line, which is the file's version. */
    private static final int MAX_MERGES = 49_152 - 256 - 2;

    private ClipDefinition() {}

    static JsonNode of(Path folder, SpecialTokens special) {
        Path file = folder.resolve("vocab.json");
        JsonNode vocabulary = JsonFile.read(file);
        ObjectNode definition =
                (ObjectNode) JsonFile.parse("CLIP's definition", TEMPLATE.getBytes(StandardCharsets.UTF_8));
        ArrayNode added = definition.withArray("added_tokens");
        special.distinct().forEach(token -> added.addObject()
                .put("id", id(file, vocabulary, token))
                .put("content", token)
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", true)
                .put("special", true));
        ObjectNode marks = definition.withObject("/post_processor");
        marks.putArray("cls").add(special.start()).add(id(file, vocabulary, special.start()));
        marks.putArray("sep").add(special.end()).add(id(file, vocabulary, special.end()));
        ObjectNode model = definition.withObject("/model").put("unk_token", special.unknown());
        model.set("vocab", vocabulary);
        ArrayNode merges = model.putArray("merges");
        merges(folder.resolve("merges.txt")).forEach(merges::add);
        return definition;
    }

    /** The id of a token that a vocabulary must have. */
    static long id(Path file, JsonNode vocabulary, String token) {
        JsonNode id = vocabulary.path(token);
        if (!id.canConvertToInt() || id.intValue() < 0) {
            throw new ModelException("%s: no id for the special token '%s'".formatted(file, token));
        }
        return id.longValue();
    }

    private static List<String> merges(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.skip(1)
                    .limit(MAX_MERGES)
                    .filter(line -> !line.isBlank())
                    .toList();
        } catch (IOException | UncheckedIOException e) {
            throw new ModelException(file + ": cannot be read: " + e, e);
        }
    }
}
