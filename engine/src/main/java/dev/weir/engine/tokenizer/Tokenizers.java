package dev.weir.engine.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ModelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SortedMap;

/** Opens the tokenizer of a model folder. Stateless; any thread. */
public final class Tokenizers {

    /** The classes of transformers that Weir knows, as {@code model_index.json} names them. */
    public static final List<String> CLASSES =
            List.of("BertTokenizer", "BertTokenizerFast", "CLIPTokenizer", "CLIPTokenizerFast");

    private Tokenizers() {}

    /** A tokenizer of one folder; see the other method. */
    public static Tokenizer open(Path folder, String className, int maxPositions, int embeddings) {
        return open(folder, folder, className, maxPositions, embeddings);
    }

    /**
     * @param folder with {@code tokenizer.json}, or with the configuration alone
     * @param vocabulary the folder with CLIP's {@code vocab.json} and {@code merges.txt}, the same or another
     * @param className one of {@link #CLASSES}
     * @param maxPositions how many tokens the text encoder has positions for
     * @param embeddings how many tokens it has embeddings for: every id must be below
     */
    public static Tokenizer open(Path folder, Path vocabulary, String className, int maxPositions, int embeddings) {
        if (!CLASSES.contains(className)) {
            throw new ModelException("%s: tokenizer %s is not one of %s".formatted(folder, className, CLASSES));
        }
        Path configFile = folder.resolve("tokenizer_config.json");
        JsonNode config =
                Files.isRegularFile(configFile) ? JsonFile.read(configFile) : JsonNodeFactory.instance.objectNode();
        int length = length(configFile, config, maxPositions);
        return className.startsWith("CLIP")
                ? clip(folder, vocabulary, config, className.endsWith("Fast"), length, embeddings)
                : bert(folder, config, length, embeddings);
    }

    private static Tokenizer bert(Path folder, JsonNode config, int length, int embeddings) {
        Path file = folder.resolve("tokenizer.json");
        ObjectNode definition = (ObjectNode) JsonFile.read(file);
        SortedMap<Long, AddedToken> declared = AddedTokens.declared(folder, config, List.of());
        List<AddedToken> added = AddedTokens.merge(definition, declared, List.of());
        requireEmbeddings(file, definition.path("model").path("vocab"), added, embeddings);
        return new BoundedTokenizer(
                new LibraryEncoder(file, definition), new TokenVectors(added), length, OptionalLong.empty());
    }

    private static Tokenizer clip(Path folder, Path words, JsonNode config, boolean fast, int length, int embeddings) {
        SpecialTokens special = SpecialTokens.read(folder, config);
        SortedMap<Long, AddedToken> declared = AddedTokens.declared(folder, config, special.all());
        Path vocabularyFile = words.resolve("vocab.json");
        Path definitionFile = folder.resolve("tokenizer.json");
        boolean hasVocabulary = Files.isRegularFile(vocabularyFile);
        if (!fast && hasVocabulary) {
            JsonNode vocabulary = JsonFile.read(vocabularyFile);
            requireIds(vocabularyFile, vocabulary, declared, special);
            List<AddedToken> added = AddedTokens.ofSlow(declared, special.all(), vocabulary);
            requireEmbeddings(vocabularyFile, vocabulary, added, embeddings);
            return padded(new SlowClipEncoder(words, special, added), added, special, length);
        }
        Path file = hasVocabulary && !Files.isRegularFile(definitionFile) ? vocabularyFile : definitionFile;
        ObjectNode definition = file.equals(vocabularyFile)
                ? ClipDefinition.fast(words, special)
                : (ObjectNode) JsonFile.read(definitionFile);
        JsonNode vocabulary = definition.path("model").path("vocab");
        requireIds(file, vocabulary, declared, special);
        List<AddedToken> added = AddedTokens.merge(definition, declared, special.all());
        requireEmbeddings(file, vocabulary, added, embeddings);
        return padded(new LibraryEncoder(file, definition), added, special, length);
    }

    private static Tokenizer padded(Encoder encoder, List<AddedToken> added, SpecialTokens special, int length) {
        OptionalLong pad = added.stream()
                .filter(token -> token.content().equals(special.pad().content()))
                .mapToLong(AddedToken::id)
                .findFirst();
        return new BoundedTokenizer(encoder, new TokenVectors(added), length, pad);
    }

    /** A special token that no file gives an id belongs to another vocabulary. */
    private static void requireIds(
            Path file, JsonNode vocabulary, SortedMap<Long, AddedToken> declared, SpecialTokens special) {
        for (AddedToken mark : List.of(special.start(), special.end(), special.unknown(), special.pad())) {
            boolean isDeclared =
                    declared.values().stream().anyMatch(token -> token.content().equals(mark.content()));
            if (!isDeclared && !vocabulary.has(mark.content())) {
                throw new ModelException("%s: no id for the special token '%s'".formatted(file, mark.content()));
            }
        }
    }

    private static void requireEmbeddings(Path file, JsonNode vocabulary, List<AddedToken> added, int embeddings) {
        for (Map.Entry<String, JsonNode> entry : vocabulary.properties()) {
            requireEmbedding(file, entry.getKey(), entry.getValue().asLong(), embeddings);
        }
        added.forEach(token -> requireEmbedding(file.getParent(), token.content(), token.id(), embeddings));
    }

    private static void requireEmbedding(Path where, String token, long id, int embeddings) {
        if (id < 0 || id >= embeddings) {
            throw new ModelException("%s: the token '%s' has the id %d; the text encoder has embeddings for 0 to %d"
                    .formatted(where, token, id, embeddings - 1));
        }
    }

    /** Tokenizers that were never told their length say 1e30. */
    private static int length(Path file, JsonNode config, int maxPositions) {
        JsonNode length = config.path("model_max_length");
        if (length.isMissingNode() || length.isNull() || length.asDouble() > maxPositions) {
            return maxPositions;
        }
        if (!length.isNumber() || length.asDouble() < 2) {
            throw new ModelException("%s: model_max_length %s is not a number of tokens".formatted(file, length));
        }
        return length.intValue();
    }
}
