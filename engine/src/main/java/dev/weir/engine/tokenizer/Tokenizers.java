package dev.weir.engine.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ModelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Opens the tokenizer of a model folder. Stateless; any thread. */
public final class Tokenizers {

    /** The classes of transformers that Weir knows, as {@code model_index.json} names them. */
    public static final List<String> CLASSES =
            List.of("BertTokenizer", "BertTokenizerFast", "CLIPTokenizer", "CLIPTokenizerFast");

    private Tokenizers() {}

    /**
     * @param folder with {@code tokenizer.json}, or for CLIP {@code vocab.json} and {@code merges.txt}
     * @param className one of {@link #CLASSES}
     * @param maxPositions how many tokens the text encoder has positions for
     */
    public static Tokenizer open(Path folder, String className, int maxPositions) {
        if (!CLASSES.contains(className)) {
            throw new ModelException("%s: tokenizer %s is not one of %s".formatted(folder, className, CLASSES));
        }
        Path configFile = folder.resolve("tokenizer_config.json");
        JsonNode config =
                Files.isRegularFile(configFile) ? JsonFile.read(configFile) : JsonNodeFactory.instance.objectNode();
        int length = length(configFile, config, maxPositions);
        return className.startsWith("CLIP") ? clip(folder, config, length) : bert(folder, length);
    }

    private static Tokenizer bert(Path folder, int length) {
        Path file = folder.resolve("tokenizer.json");
        return new LibraryTokenizer(file, JsonFile.read(file), length, LibraryTokenizer.NO_PADDING);
    }

    private static Tokenizer clip(Path folder, JsonNode config, int length) {
        SpecialTokens special = SpecialTokens.read(folder, config);
        Path file = folder.resolve("tokenizer.json");
        JsonNode definition = Files.isRegularFile(folder.resolve("vocab.json"))
                ? ClipDefinition.of(folder, special)
                : JsonFile.read(file);
        long padId = ClipDefinition.id(file, definition.path("model").path("vocab"), special.pad());
        return new LibraryTokenizer(file, definition, length, padId);
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
