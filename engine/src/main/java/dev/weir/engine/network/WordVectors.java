package dev.weir.engine.network;

import dev.weir.engine.backend.Feed;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Value;
import dev.weir.engine.inversion.Inversions;
import dev.weir.engine.prompt.TokenRow;
import java.util.List;

/**
 * The words of textual inversions in a text network: each is a vector in place of a row of the network's table. They are inputs, so that
 * embeddings come and go without the network being loaded again. Stateless; any thread.
 */
final class WordVectors {

    /** Which tokens are words of the table: 1, or 0 for those with a vector, {@code [B, T, 1]}. */
    private static final String OWN = "own";

    /** {@code [B, T, D]}; zeros for words of the table. */
    private static final String VECTORS = "vectors";

    /** The names of the inputs. */
    static final List<String> NAMES = List.of(OWN, VECTORS);

    /** Whatever word: nothing of it is left. */
    private static final long ANY = 0;

    private WordVectors() {}

    /** @param words of the table, {@code [B, T, D]} */
    static Value in(Graph g, Value words, int width, int positions) {
        var own = g.cast(g.input(Input.Kind.SEQUENCE, OWN, 1, positions));
        var vectors = g.cast(g.input(Input.Kind.SEQUENCE, VECTORS, width, positions));
        return g.add(g.multiply(words, own), vectors);
    }

    /** The id that the table is asked for. */
    static long id(long id, Inversions inversions) {
        return isVector(id, inversions) ? ANY : id;
    }

    private static boolean isVector(long id, Inversions inversions) {
        return !inversions.isEmpty() && id >= inversions.words();
    }

    /** @param longest of the rows */
    static List<Feed> feeds(List<TokenRow> rows, int longest, int width, Inversions inversions) {
        var vectors = inversions.vectors();
        return List.of(
                Feed.floats(
                        bytes -> {
                            for (TokenRow row : rows) {
                                for (int i = 0; i < longest; i++) {
                                    bytes.putFloat(i < row.ids().length && isVector(row.ids()[i], inversions) ? 0 : 1);
                                }
                            }
                        },
                        rows.size(),
                        longest,
                        1),
                Feed.floats(
                        bytes -> {
                            var out = bytes.asFloatBuffer();
                            var none = new float[width];
                            for (TokenRow row : rows) {
                                for (int i = 0; i < longest; i++) {
                                    boolean isOne = i < row.ids().length && isVector(row.ids()[i], inversions);
                                    out.put(isOne ? vectors.get((int) (row.ids()[i] - inversions.words())) : none);
                                }
                            }
                        },
                        rows.size(),
                        longest,
                        width));
    }
}
