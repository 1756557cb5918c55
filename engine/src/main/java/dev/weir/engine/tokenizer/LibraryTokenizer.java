package dev.weir.engine.tokenizer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ModelException;
import dev.weir.engine.Natives;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/**
 * A tokenizer that the Hugging Face library runs from the text of a {@code tokenizer.json}. Any thread, until closed.
 *
 * <p>Cutting and padding are done here, whatever the definition says of them: what the text encoder takes is told by
 * {@code tokenizer_config.json}, and definitions often carry the settings of a training run.
 */
final class LibraryTokenizer implements Tokenizer {

    static final long NO_PADDING = -1;

    /** What CLIP's decoder leaves in the text. */
    private static final String END_OF_WORD = "</w>";

    private final HuggingFaceTokenizer library;
    private final int length;
    private final long padId;

    /**
     * @param file what an error names
     * @param definition as in {@code tokenizer.json}
     * @param padId fills up to the length, or {@link #NO_PADDING}
     */
    LibraryTokenizer(Path file, JsonNode definition, int length, long padId) {
        Natives.configure();
        try {
            this.library = HuggingFaceTokenizer.newInstance(
                    new ByteArrayInputStream(definition.toString().getBytes(StandardCharsets.UTF_8)),
                    Map.of("addSpecialTokens", "true", "truncation", "false", "padding", "false"));
        } catch (IOException | RuntimeException e) {
            throw new ModelException("%s: not a tokenizer: %s".formatted(file, e.getMessage()), e);
        }
        this.length = length;
        this.padId = padId;
    }

    @Override
    public Tokens encode(String prompt) {
        long[] ids = library.encode(prompt).getIds();
        if (ids.length > length) {
            long[] kept = Arrays.copyOf(ids, length);
            kept[length - 1] = ids[ids.length - 1];
            return new Tokens(kept, text(Arrays.copyOfRange(ids, length - 1, ids.length - 1)));
        }
        int kept = ids.length;
        if (padId != NO_PADDING && kept < length) {
            ids = Arrays.copyOf(ids, length);
            Arrays.fill(ids, kept, length, padId);
        }
        return new Tokens(ids, "");
    }

    private String text(long[] ids) {
        return library.decode(ids, false).replace(END_OF_WORD, " ").strip();
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public void close() {
        library.close();
    }
}
