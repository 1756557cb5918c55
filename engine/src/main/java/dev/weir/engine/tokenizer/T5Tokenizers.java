package dev.weir.engine.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ModelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.OptionalLong;

/**
 * Tokenizers of T5, from {@code tokenizer.json} or from sentencepiece's {@code spiece.model}. Padded to the length that the family says,
 * whatever {@code model_max_length} is. Stateless; any thread.
 *
 * <p>Pieces are made into the definition that transformers makes of them. The slow class also replaces characters as sentencepiece
 * does; the library, which the fast class runs, differs from it where marks are combined with letters.
 */
final class T5Tokenizers {

    private static final String DEFINITION = "tokenizer.json";
    private static final String PIECES = "spiece.model";
    private static final String PAD = "<pad>";
    private static final String END = "</s>";
    private static final String UNKNOWN = "<unk>";
    private static final String SPACE = "▁";
    private static final int USUAL_EXTRA_IDS = 100;

    private T5Tokenizers() {}

    static Tokenizer open(Path folder, JsonNode config, boolean fast, int length, int embeddings) {
        Path definitionFile = folder.resolve(DEFINITION);
        Path pieces = folder.resolve(PIECES);
        boolean ofPieces = Files.isRegularFile(pieces) && !(fast && Files.isRegularFile(definitionFile));
        if (!ofPieces && !fast) {
            throw new ModelException("%s: no such file. T5Tokenizer reads it; only T5TokenizerFast reads %s"
                    .formatted(pieces, DEFINITION));
        }
        Path file = ofPieces ? pieces : definitionFile;
        if (ofPieces) {
            SentencePieceModel model = SentencePieceModel.read(pieces);
            ObjectNode definition = definition(pieces, model, fast, config);
            Encoder library = new LibraryEncoder(file, definition);
            return padded(
                    file,
                    fast ? library : new MappedEncoder(new CharacterMap(model.characters()), library),
                    definition,
                    length,
                    embeddings);
        }
        ObjectNode definition = (ObjectNode) JsonFile.read(definitionFile);
        return padded(file, new LibraryEncoder(file, definition), definition, length, embeddings);
    }

    private static Tokenizer padded(Path file, Encoder encoder, JsonNode definition, int length, int embeddings) {
        JsonNode vocabulary = definition.path("model").path("vocab");
        if (!vocabulary.isArray()) {
            throw new ModelException("%s: not a Unigram vocabulary, which T5 has".formatted(file));
        }
        List<AddedToken> added = added(definition);
        requireEmbeddings(file, vocabulary, added, embeddings);
        return new BoundedTokenizer(
                encoder, new TokenVectors(added), length, OptionalLong.of(id(file, vocabulary, PAD)));
    }

    private static void requireEmbeddings(Path file, JsonNode vocabulary, List<AddedToken> added, int embeddings) {
        int last = vocabulary.size() - 1;
        Tokenizers.requireEmbedding(file, vocabulary.path(last).path(0).asText(), last, embeddings);
        added.forEach(token -> Tokenizers.requireEmbedding(file, token.content(), token.id(), embeddings));
    }

    private static List<AddedToken> added(JsonNode definition) {
        List<AddedToken> added = new ArrayList<>();
        definition
                .path("added_tokens")
                .forEach(token -> added.add(AddedToken.read(
                        "added_tokens",
                        token.path("id").asLong(),
                        token,
                        token.path("special").asBoolean())));
        return added;
    }

    private static long id(Path file, JsonNode vocabulary, String token) {
        for (int i = 0; i < vocabulary.size(); i++) {
            if (vocabulary.path(i).path(0).asText().equals(token)) {
                return i;
            }
        }
        throw new ModelException("%s: no id for the special token '%s'".formatted(file, token));
    }

    /** As T5Converter of transformers 4.57.6 (convert_slow_tokenizer.py). */
    private static ObjectNode definition(Path file, SentencePieceModel model, boolean fast, JsonNode config) {
        if (model.algorithm() != SentencePieceModel.UNIGRAM) {
            throw new ModelException("%s: trained by algorithm %d, not Unigram".formatted(file, model.algorithm()));
        }
        ObjectNode definition = JsonNodeFactory.instance.objectNode();
        definition.put("version", "1.0");
        ObjectNode unigram = definition.putObject("model");
        unigram.put("type", "Unigram").put("unk_id", model.unknown()).put("byte_fallback", false);
        ArrayNode vocabulary = unigram.putArray("vocab");
        model.pieces().forEach(piece -> vocabulary.addArray().add(piece.text()).add(piece.score()));
        ArrayNode added = definition.putArray("added_tokens");
        for (String special : List.of(PAD, END, UNKNOWN)) {
            add(added, id(file, vocabulary, special), special);
        }
        for (int i = config.path("extra_ids").asInt(USUAL_EXTRA_IDS) - 1; i >= 0; i--) {
            String extra = "<extra_id_%d>".formatted(i);
            add(added, vocabulary.size(), extra);
            vocabulary.addArray().add(extra).add(0.0);
        }
        normalizer(definition.putObject("normalizer"), fast ? model.characters() : new byte[0]);
        metaspace(definition.putObject("pre_tokenizer"));
        metaspace(definition.putObject("decoder"));
        ends(definition.putObject("post_processor"), id(file, vocabulary, END));
        return definition;
    }

    private static void add(ArrayNode added, long id, String content) {
        AddedToken.of(id, content, true).writeTo(added.addObject());
    }

    private static void normalizer(ObjectNode normalizer, byte[] characters) {
        ArrayNode steps = normalizer.put("type", "Sequence").putArray("normalizers");
        if (characters.length > 0) {
            steps.addObject()
                    .put("type", "Precompiled")
                    .put("precompiled_charsmap", Base64.getEncoder().encodeToString(characters));
        }
        steps.addObject().put("type", "Strip").put("strip_left", false).put("strip_right", true);
        steps.addObject()
                .put("type", "Replace")
                .put("content", SPACE)
                .putObject("pattern")
                .put("Regex", " {2,}");
    }

    private static void metaspace(ObjectNode step) {
        step.put("type", "Metaspace")
                .put("replacement", SPACE)
                .put("prepend_scheme", "always")
                .put("split", true);
    }

    /** The end of the text after each one. */
    private static void ends(ObjectNode processor, long end) {
        processor.put("type", "TemplateProcessing");
        text(processor.putArray("single"), "A");
        ArrayNode pair = processor.putArray("pair");
        text(pair, "A");
        text(pair, "B");
        ObjectNode mark = processor.putObject("special_tokens").putObject(END).put("id", END);
        mark.putArray("ids").add(end);
        mark.putArray("tokens").add(END);
    }

    private static void text(ArrayNode template, String which) {
        template.addObject().putObject("Sequence").put("id", which).put("type_id", 0);
        template.addObject().putObject("SpecialToken").put("id", END).put("type_id", 0);
    }
}
