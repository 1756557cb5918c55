package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * The vocabulary of GLIDE, which is of GPT-2's kind: tokens and merges, as the repository has them (packed), as GPT-2's repository named
 * them, or as transformers does. Immutable; any thread.
 */
record GlideVocabulary(byte[] tokens, byte[] merges) {

    static final String CLASS_NAME = "GPT2Tokenizer";

    private static final String TOKENS = "vocab.json";
    private static final String MERGES = "merges.txt";
    private static final List<String> NAMES_OF_TOKENS = List.of("encoder.json.gz", "encoder.json", TOKENS);
    private static final List<String> NAMES_OF_MERGES = List.of("vocab.bpe.gz", "vocab.bpe", MERGES);
    private static final int MOST_BYTES = 1 << 24;

    /**
     * Throws {@link ModelException} that says what is missing or does not fit.
     *
     * @param words that the network has embeddings for
     */
    static GlideVocabulary of(Path folder, int words) {
        Path home = ModelPath.resolve(folder);
        Path file = find(home, NAMES_OF_TOKENS);
        byte[] tokens = read(file);
        JsonNode json = JsonFile.parse(file.toString(), tokens);
        if (json.size() != words) {
            throw new ModelException("%s: it has %d tokens, and the text transformer embeddings for %d"
                    .formatted(file, json.size(), words));
        }
        return new GlideVocabulary(tokens, read(find(home, NAMES_OF_MERGES)));
    }

    private static Path find(Path folder, List<String> names) {
        return names.stream()
                .map(folder::resolve)
                .filter(Files::isRegularFile)
                .findFirst()
                .orElseThrow(() -> new ModelException("%s: there is none of %s".formatted(folder, names)));
    }

    private static byte[] read(Path file) {
        try (InputStream raw = Files.newInputStream(file);
                InputStream in = file.toString().endsWith(".gz") ? new GZIPInputStream(raw) : raw) {
            byte[] bytes = in.readNBytes(MOST_BYTES + 1);
            if (bytes.length > MOST_BYTES) {
                throw new ModelException("%s: more than %d bytes".formatted(file, MOST_BYTES));
            }
            return bytes;
        } catch (IOException e) {
            throw new ModelException("%s: cannot be read: %s".formatted(file, SystemReason.of(e)), e);
        }
    }

    void write(Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.write(folder.resolve(TOKENS), tokens);
        Files.write(folder.resolve(MERGES), merges);
    }
}
