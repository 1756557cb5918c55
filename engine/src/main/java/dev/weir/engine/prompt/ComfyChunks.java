package dev.weir.engine.prompt;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The chunks of a prompt as ComfyUI makes them ({@code tokenize_with_weights} of {@code sd1_clip.py}): a fragment of 8 tokens or more is
 * split where a chunk is full, and a shorter one goes into the next chunk whole. Confined to the thread that reads the prompt.
 */
final class ComfyChunks {

    private static final String PREFIX = "embedding:";
    private static final Pattern EMBEDDING = Pattern.compile("(?<=\\s)(?=embedding:)");
    private static final Pattern NAMED = Pattern.compile("\\s*([^\\s<\\[]+)((?s:.)*)");
    private static final Pattern FILE_ENDING = Pattern.compile("\\.(safetensors|pt|bin)$");
    private static final Pattern COMMAS = Pattern.compile("^,+|,+$");

    /** The tool's {@code max_word_length}. */
    private static final int LARGE = 8;

    private final Lexicon lexicon;
    private final List<Chunk> chunks = new ArrayList<>();
    private Chunk chunk;

    ComfyChunks(Lexicon lexicon) {
        this.lexicon = lexicon;
        this.chunk = new Chunk(lexicon.tokenizer());
        chunks.add(chunk);
    }

    List<Chunk> of(List<Fragment> fragments) {
        for (Fragment fragment : fragments) {
            for (String part : EMBEDDING.split(fragment.text())) {
                if (part.startsWith(PREFIX)) {
                    addEmbedding(part.substring(PREFIX.length()), fragment.weight());
                } else {
                    add(lexicon.tokenizer().words(part), fragment.weight());
                }
            }
        }
        return chunks;
    }

    /** Its name goes as far as a space or a bracket; commas after it are text. */
    private void addEmbedding(String part, double weight) {
        Matcher named = NAMED.matcher(part);
        if (!named.matches()) {
            add(lexicon.tokenizer().words(PREFIX + part), weight);
            return;
        }
        String name = FILE_ENDING.matcher(named.group(1)).replaceFirst("");
        String bare = COMMAS.matcher(name).replaceAll("");
        String found = lexicon.embedding(name).isPresent()
                ? name
                : FILE_ENDING.matcher(bare).replaceFirst("");
        long[] vectors = lexicon.embedding(found)
                .orElseThrow(() ->
                        new IllegalArgumentException("there is no embedding \"%s\" for this model".formatted(bare)));
        add(vectors, weight);
        String commas = found.equals(name) ? "" : name.substring(name.length() - trailing(name));
        add(lexicon.tokenizer().words(commas + " " + named.group(2)), weight);
    }

    private static int trailing(String name) {
        int commas = 0;
        while (commas < name.length() && name.charAt(name.length() - 1 - commas) == ',') {
            commas++;
        }
        return commas;
    }

    private void add(long[] group, double weight) {
        boolean isLarge = group.length >= LARGE;
        long[] left = group;
        while (left.length > chunk.left()) {
            int taken = isLarge ? chunk.left() : 0;
            put(Arrays.copyOf(left, taken), weight);
            left = Arrays.copyOfRange(left, taken, left.length);
            chunk = chunk.next();
            chunks.add(chunk);
        }
        put(left, weight);
    }

    private void put(long[] ids, double weight) {
        for (long id : ids) {
            chunk.add(id, weight);
        }
    }
}
