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
    public static final List<String> CLASSES = List.of(
            "BertTokenizer",
            "BertTokenizerFast",
            "CLIPTokenizer",
            "CLIPTokenizerFast",
            "GPT2Tokenizer",
            "Qwen2Tokenizer",
            "Qwen2TokenizerFast",
            "T5Tokenizer",
            "T5TokenizerFast");

    private static final String CONFIG = "tokenizer_config.json";

    private Tokenizers() {}

    /** A tokenizer of one folder; see the other method. */
    public static Tokenizer open(Path folder, String className, int maxPositions, int embeddings) {
        return open(folder, folder, className, maxPositions, false, embeddings);
    }

    /**
     * @param folder with {@code tokenizer.json}, or with the configuration alone
     * @param vocabulary the folder with CLIP's {@code vocab.json} and {@code merges.txt}, the same or another
     * @param className one of {@link #CLASSES}
     * @param maxPositions how many tokens the text encoder has positions for
     * @param filled whether BERT's texts are filled up to as many, whatever length the folder says; those of other classes are in any case
     * @param embeddings how many tokens it has embeddings for: every id must be below
     */
    public static Tokenizer open(
            Path folder, Path vocabulary, String className, int maxPositions, boolean filled, int embeddings) {
        if (className.isEmpty()) {
            throw new ModelException("%s: no model_index.json names the tokenizer's class".formatted(folder));
        }
        if (!CLASSES.contains(className)) {
            throw new ModelException("%s: tokenizer %s is not one of %s".formatted(folder, className, CLASSES));
        }
        JsonNode config = config(folder);
        if (className.startsWith("T5")) {
            return T5Tokenizers.open(folder, config, className.endsWith("Fast"), maxPositions, embeddings);
        }
        if (className.startsWith("Qwen2")) {
            return Qwen2Tokenizers.open(folder, config, maxPositions, embeddings);
        }
        boolean fast = className.endsWith("Fast");
        if (className.startsWith("Bert") && filled) {
            return BertTokenizers.filled(folder, config, fast, maxPositions, embeddings);
        }
        int length = length(folder.resolve(CONFIG), config, maxPositions);
        if (className.startsWith("GPT2")) {
            return Gpt2Tokenizers.open(folder, config, length, embeddings);
        }
        return className.startsWith("CLIP")
                ? clip(folder, vocabulary, config, fast, length, embeddings, List.of())
                : BertTokenizers.open(folder, config, fast, length, embeddings);
    }

    private static JsonNode config(Path folder) {
        Path file = folder.resolve(CONFIG);
        return Files.isRegularFile(file) ? JsonFile.read(file) : JsonNodeFactory.instance.objectNode();
    }

    /**
     * A word that a file brings.
     *
     * @param ids of its vectors
     */
    public record Word(String token, long[] ids) {}

    /**
     * A tokenizer of CLIP that also knows words of files, as transformers' slow class does after {@code add_tokens}. Other classes give
     * such words their own ids: they are opened without them. So is a word that the vocabulary has already.
     *
     * @param embeddings how many tokens the text encoder has embeddings for, those of the words included
     */
    public static Tokenizer extended(
            Path folder, Path vocabulary, String className, int maxPositions, int embeddings, List<Word> words) {
        if (!className.equals("CLIPTokenizer") || !Files.isRegularFile(vocabulary.resolve("vocab.json"))) {
            return open(folder, vocabulary, className, maxPositions, false, embeddings);
        }
        JsonNode config = config(folder);
        return clip(
                folder,
                vocabulary,
                config,
                false,
                length(folder.resolve(CONFIG), config, maxPositions),
                embeddings,
                words);
    }

    private static Tokenizer clip(
            Path folder, Path words, JsonNode config, boolean fast, int length, int embeddings, List<Word> more) {
        SpecialTokens special = SpecialTokens.read(folder, config);
        SortedMap<Long, AddedToken> declared = AddedTokens.declared(folder, config, special.all());
        Path vocabularyFile = words.resolve("vocab.json");
        Path definitionFile = folder.resolve("tokenizer.json");
        boolean hasVocabulary = Files.isRegularFile(vocabularyFile);
        if (!fast && hasVocabulary) {
            JsonNode vocabulary = JsonFile.read(vocabularyFile);
            more.forEach(word -> declare(word, vocabulary, declared));
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

    /** As diffusers: several vectors are {@code token}, {@code token_1} and so on. */
    private static void declare(Word word, JsonNode vocabulary, SortedMap<Long, AddedToken> declared) {
        boolean isKnown = vocabulary.has(word.token())
                || declared.values().stream().anyMatch(token -> token.content().equals(word.token()));
        for (int i = 0; i < word.ids().length && !isKnown; i++) {
            String content = i == 0 ? word.token() : word.token() + "_" + i;
            declared.put(word.ids()[i], AddedToken.of(word.ids()[i], content, false));
        }
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

    static void requireEmbeddings(Path file, JsonNode vocabulary, List<AddedToken> added, int embeddings) {
        for (Map.Entry<String, JsonNode> entry : vocabulary.properties()) {
            requireEmbedding(file, entry.getKey(), entry.getValue().asLong(), embeddings);
        }
        added.forEach(token -> requireEmbedding(file.getParent(), token.content(), token.id(), embeddings));
    }

    static void requireEmbedding(Path where, String token, long id, int embeddings) {
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
