package dev.weir.engine.prompt;

import dev.weir.engine.inversion.Embedding;
import dev.weir.engine.inversion.Inversions;
import dev.weir.engine.tokenizer.Tokenizer;
import dev.weir.engine.tokenizer.Tokenizers.Word;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * How a text encoder reads words: with the vocabulary alone, with embeddings as words of it, and embeddings by name. Any thread, until
 * closed.
 *
 * @param tokenizer of the vocabulary
 * @param extended knows the tokens of embeddings too, as diffusers does
 * @param names the ids of each embedding's vectors, by its name
 * @param inversions whose ids these are
 * @param isOneRow whether all texts have one length for the network, so that ComfyUI's are cut there
 */
public record Lexicon(
        Tokenizer tokenizer, Tokenizer extended, Map<String, long[]> names, Inversions inversions, boolean isOneRow)
        implements AutoCloseable {

    /** Gives a lexicon other embeddings, of a text encoder that reads some. */
    public interface Extension {

        /** Throws ModelException that names a file that cannot be read. */
        Lexicon of(Lexicon before, Collection<Embedding> embeddings);
    }

    public Lexicon {
        names = Map.copyOf(names);
    }

    public static Lexicon of(Tokenizer tokenizer) {
        return of(tokenizer, false);
    }

    /** Without embeddings. */
    public static Lexicon of(Tokenizer tokenizer, boolean isOneRow) {
        return new Lexicon(tokenizer, tokenizer, Map.of(), Inversions.NONE, isOneRow);
    }

    /**
     * The same vocabulary with other embeddings.
     *
     * @param opener of the same tokenizer with more words
     */
    public Lexicon with(Inversions inversions, Function<List<Word>, Tokenizer> opener) {
        if (inversions.isEmpty()) {
            return of(tokenizer, isOneRow);
        }
        Map<Embedding, long[]> ids = inversions.ids();
        Map<String, long[]> names = new LinkedHashMap<>();
        ids.forEach((embedding, own) -> names.put(embedding.name(), own));
        List<Word> words = ids.entrySet().stream()
                .map(entry -> new Word(entry.getKey().token(), entry.getValue()))
                .toList();
        return new Lexicon(tokenizer, opener.apply(words), names, inversions, isOneRow);
    }

    Optional<long[]> embedding(String name) {
        return Optional.ofNullable(names.get(name));
    }

    /** What stands for each embedding in a text without other syntax: the ids of its name, the longest first. */
    List<Map.Entry<long[], long[]>> spelled() {
        return names.entrySet().stream()
                .map(entry -> Map.entry(tokenizer.words(entry.getKey()), entry.getValue()))
                .filter(entry -> entry.getKey().length > 0)
                .sorted(Comparator.comparing(entry -> -entry.getKey().length))
                .toList();
    }

    /** Closes all but the vocabulary, which another one has too. */
    public void closeEmbeddings() {
        if (extended != tokenizer) {
            extended.close();
        }
    }

    @Override
    public void close() {
        tokenizer.close();
        closeEmbeddings();
    }
}
