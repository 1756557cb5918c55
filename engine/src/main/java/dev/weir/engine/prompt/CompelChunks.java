package dev.weir.engine.prompt;

import dev.weir.engine.HostTensor;
import dev.weir.engine.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.function.LongPredicate;
import java.util.stream.LongStream;

/**
 * The chunks of one prompt as compel makes them for long texts: split after a sentence, else after a phrase, else after a word. Each
 * fragment below weight 1 hides its tokens in one more version of the prompt. Immutable; any thread.
 *
 * @param hidden of each such fragment the first and the last token, counted over the rows of all chunks
 * @param shares of the versions, the whole prompt first
 */
record CompelChunks(List<Chunk> chunks, List<int[]> hidden, List<Double> shares) {

    private static final double LEAST_WEIGHT = 1e-5;

    static CompelChunks of(List<Fragment> fragments, Tokenizer tokenizer) {
        List<Long> ids = new ArrayList<>();
        List<Double> weights = new ArrayList<>();
        List<int[]> low = new ArrayList<>();
        List<Double> shares = new ArrayList<>(List.of(1.0));
        for (Fragment fragment : fragments) {
            long[] words = tokenizer.words(fragment.text());
            if (fragment.weight() < 1 && words.length > 0) {
                low.add(new int[] {ids.size(), ids.size() + words.length - 1});
                shares.add(Math.tan((1 - Math.max(LEAST_WEIGHT, fragment.weight())) * Math.PI / 2));
            }
            for (long id : words) {
                ids.add(id);
                weights.add(fragment.weight());
            }
        }
        List<Chunk> chunks = new ArrayList<>();
        int[] positions = new int[ids.size()];
        int offset = 0;
        int at = 0;
        do {
            Chunk chunk = new Chunk(tokenizer);
            int end = at + split(ids.subList(at, ids.size()), chunk.left(), tokenizer);
            for (; at < end; at++) {
                positions[at] = offset + chunk.size() + 1;
                chunk.add(ids.get(at), weights.get(at));
            }
            offset += chunk.row().ids().length;
            chunks.add(chunk);
        } while (at < ids.size());
        List<int[]> hidden = low.stream()
                .map(range -> new int[] {positions[range[0]], positions[range[1]]})
                .toList();
        return new CompelChunks(chunks, hidden, shares);
    }

    /** How many of the words go into a chunk. */
    private static int split(List<Long> ids, int room, Tokenizer tokenizer) {
        if (ids.size() <= room) {
            return ids.size();
        }
        long[] first = ids.subList(0, room).stream().mapToLong(Long::longValue).toArray();
        List<Long> sentence = marks(tokenizer, ".");
        List<Long> phrase = marks(tokenizer, ".", ",", ";", ":");
        for (LongPredicate end : List.<LongPredicate>of(sentence::contains, phrase::contains, tokenizer::endsWord)) {
            for (int i = room - 1; i >= 0; i--) {
                if (end.test(first[i])) {
                    return i + 1;
                }
            }
        }
        return room;
    }

    private static List<Long> marks(Tokenizer tokenizer, String... texts) {
        return Arrays.stream(texts)
                .map(tokenizer::words)
                .filter(ids -> ids.length == 1)
                .flatMap(ids -> LongStream.of(ids).boxed())
                .toList();
    }

    int tokens() {
        return chunks.stream().mapToInt(chunk -> chunk.row().ids().length).sum();
    }

    /** Of each version the rows of all chunks. */
    List<TokenRow> rows() {
        List<TokenRow> rows = new ArrayList<>();
        chunks.forEach(chunk -> rows.add(chunk.row()));
        for (int[] range : hidden) {
            int offset = 0;
            for (Chunk chunk : chunks) {
                int length = chunk.row().ids().length;
                BitSet own = new BitSet();
                // The first and the last token of a chunk are always seen.
                own.set(bounded(range[0] - offset, length), bounded(range[1] + 1 - offset, length));
                rows.add(chunk.row(own));
                offset += length;
            }
        }
        return rows;
    }

    private static int bounded(int position, int length) {
        return Math.max(1, Math.min(length - 1, position));
    }

    /**
     * The states of the prompt from those of its {@link #rows}.
     *
     * @param empty of the empty prompt
     */
    HostTensor join(List<HostTensor> states, HostTensor empty) {
        List<HostTensor> versions = new ArrayList<>();
        for (int version = 0; version < shares.size(); version++) {
            List<HostTensor> parts = new ArrayList<>();
            for (int i = 0; i < chunks.size(); i++) {
                HostTensor part = states.get(version * chunks.size() + i);
                parts.add(
                        chunks.get(i).isWeighted()
                                ? Emphasis.FROM_EMPTY.apply(part, chunks.get(i).weights(), empty)
                                : part);
            }
            versions.add(States.inSequence(parts));
        }
        return versions.size() == 1 ? versions.get(0) : States.sum(versions, States.normalized(shares));
    }
}
