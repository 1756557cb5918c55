package dev.weir.engine.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Tokenizers of BERT, from {@code tokenizer.json} or from {@code vocab.txt}, of which the definition is made that transformers makes of it.
 * Stateless; any thread.
 */
final class BertTokenizers {

    private static final String DEFINITION = "tokenizer.json";
    private static final String WORDS = "vocab.txt";
    private static final String PAD = "[PAD]";
    private static final String UNKNOWN = "[UNK]";
    private static final String START = "[CLS]";
    private static final String END = "[SEP]";
    private static final Map<String, String> MARKS = Map.of(
            "pad_token", PAD, "unk_token", UNKNOWN, "cls_token", START, "sep_token", END, "mask_token", "[MASK]");
    private static final int LONGEST_WORD = 100;

    private BertTokenizers() {}

    /** Texts stay as short as they are. */
    static Tokenizer open(Path folder, JsonNode config, boolean fast, int length, int embeddings) {
        return open(folder, config, fast, length, false, embeddings);
    }

    /** Texts are filled up to the length. */
    static Tokenizer filled(Path folder, JsonNode config, boolean fast, int length, int embeddings) {
        return open(folder, config, fast, length, true, embeddings);
    }

    /** As in transformers, the slow class reads its words, and the fast one a definition where there is one. */
    private static Tokenizer open(
            Path folder, JsonNode config, boolean fast, int length, boolean filled, int embeddings) {
        Path words = folder.resolve(WORDS);
        Path written = folder.resolve(DEFINITION);
        boolean ofWords = Files.isRegularFile(words) && !(fast && Files.isRegularFile(written));
        Path file = ofWords ? words : written;
        ObjectNode definition = ofWords ? definition(folder, words, config) : (ObjectNode) JsonFile.read(written);
        List<AddedToken> added =
                AddedTokens.merge(definition, AddedTokens.declared(folder, config, List.of()), List.of());
        JsonNode vocabulary = definition.path("model").path("vocab");
        Tokenizers.requireEmbeddings(file, vocabulary, added, embeddings);
        OptionalLong pad = filled ? OptionalLong.of(id(file, vocabulary, PAD)) : OptionalLong.empty();
        return new BoundedTokenizer(new LibraryEncoder(file, definition), new TokenVectors(added), length, pad);
    }

    /** As BertConverter of transformers 4.57.6 (convert_slow_tokenizer.py). */
    private static ObjectNode definition(Path folder, Path file, JsonNode config) {
        requireUsual(folder, config);
        ObjectNode definition = JsonNodeFactory.instance.objectNode();
        definition.put("version", "1.0");
        ObjectNode model = definition
                .putObject("model")
                .put("type", "WordPiece")
                .put("unk_token", UNKNOWN)
                .put("continuing_subword_prefix", "##")
                .put("max_input_chars_per_word", LONGEST_WORD);
        ObjectNode vocabulary = model.putObject("vocab");
        List<String> lines = lines(file);
        for (int i = 0; i < lines.size(); i++) {
            vocabulary.put(lines.get(i), i);
        }
        ArrayNode added = definition.putArray("added_tokens");
        MARKS.values().stream()
                .sorted()
                .map(mark -> AddedToken.of(id(file, vocabulary, mark), mark, true))
                .forEach(mark -> mark.writeTo(added.addObject()));
        ObjectNode normalizer = definition
                .putObject("normalizer")
                .put("type", "BertNormalizer")
                .put("clean_text", true)
                .put(
                        "handle_chinese_chars",
                        config.path("tokenize_chinese_chars").asBoolean(true))
                .put("lowercase", config.path("do_lower_case").asBoolean(true));
        normalizer.set("strip_accents", config.path("strip_accents").isBoolean() ? config.get("strip_accents") : null);
        definition.putObject("pre_tokenizer").put("type", "BertPreTokenizer");
        definition
                .putObject("decoder")
                .put("type", "WordPiece")
                .put("prefix", "##")
                .put("cleanup", true);
        marks(definition.putObject("post_processor"), file, vocabulary);
        return definition;
    }

    /** Throws {@link ModelException} where the folder says something that the definition does not have. */
    private static void requireUsual(Path folder, JsonNode config) {
        if (!config.path("do_basic_tokenize").asBoolean(true)) {
            throw new ModelException("%s: do_basic_tokenize is false".formatted(folder));
        }
        Path file = folder.resolve("special_tokens_map.json");
        JsonNode map = Files.isRegularFile(file) ? JsonFile.read(file) : config;
        MARKS.forEach((key, usual) -> {
            JsonNode token = map.hasNonNull(key) ? map.get(key) : config.path(key);
            String said = token.isObject() ? token.path("content").asText() : token.asText(usual);
            if (!said.equals(usual)) {
                throw new ModelException("%s: %s is %s, not %s".formatted(folder, key, said, usual));
            }
        });
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw new ModelException(file + ": cannot be read: " + e, e);
        }
    }

    private static long id(Path file, JsonNode vocabulary, String token) {
        if (!vocabulary.has(token)) {
            throw new ModelException("%s: no id for the special token '%s'".formatted(file, token));
        }
        return vocabulary.get(token).asLong();
    }

    /** One before a text, and one after it. */
    private static void marks(ObjectNode processor, Path file, JsonNode vocabulary) {
        processor.put("type", "TemplateProcessing");
        for (String template : List.of("single", "pair")) {
            ArrayNode parts = processor.putArray(template);
            special(parts, START);
            text(parts, "A");
            special(parts, END);
            if (template.equals("pair")) {
                text(parts, "B");
                special(parts, END);
            }
        }
        ObjectNode tokens = processor.putObject("special_tokens");
        for (String mark : List.of(START, END)) {
            ObjectNode token = tokens.putObject(mark).put("id", mark);
            token.putArray("ids").add(id(file, vocabulary, mark));
            token.putArray("tokens").add(mark);
        }
    }

    private static void special(ArrayNode template, String mark) {
        template.addObject().putObject("SpecialToken").put("id", mark).put("type_id", 0);
    }

    private static void text(ArrayNode template, String which) {
        template.addObject().putObject("Sequence").put("id", which).put("type_id", 0);
    }
}
