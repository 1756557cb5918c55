package dev.weir.engine.tokenizer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ModelException;
import dev.weir.engine.Natives;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/**
 * The Hugging Face library, from the text of a {@code tokenizer.json}: what transformers' fast classes run. Any thread, until
 * closed.
 *
 * <p>Whatever the definition says of cutting and padding is ignored: what the text encoder takes is told by {@code
 * tokenizer_config.json}, and definitions often carry the settings of a training run.
 */
final class LibraryEncoder implements Encoder {

    /** What CLIP's decoder leaves in the text. */
    private static final String END_OF_WORD = "</w>";

    private final HuggingFaceTokenizer library;

    /** @param file what an error names */
    LibraryEncoder(Path file, JsonNode definition) {
        Natives.configure();
        try {
            this.library = HuggingFaceTokenizer.newInstance(
                    new ByteArrayInputStream(definition.toString().getBytes(StandardCharsets.UTF_8)),
                    Map.of("addSpecialTokens", "true", "truncation", "false", "padding", "false"));
        } catch (IOException | RuntimeException e) {
            throw new ModelException("%s: not a tokenizer: %s".formatted(file, e.getMessage()), e);
        }
    }

    @Override
    public long[] encode(String prompt) {
        return library.encode(prompt).getIds();
    }

    @Override
    public String decode(long[] ids) {
        return library.decode(ids, false).replace(END_OF_WORD, " ").strip();
    }

    @Override
    public boolean endsWord(long id) {
        return library.decode(new long[] {id}, false).endsWith(END_OF_WORD);
    }

    @Override
    public void close() {
        library.close();
    }
}
