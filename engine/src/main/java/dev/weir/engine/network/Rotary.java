package dev.weir.engine.network;

import dev.weir.engine.LatentShape;
import dev.weir.engine.backend.Feed;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/**
 * The angles by which attention turns queries and keys, by the row and the column of a token in the picture (Su et al. 2021, arXiv
 * 2104.09864). Immutable.
 *
 * @param axes how many numbers of a head each axis turns: one that all tokens of a picture have at 0, its rows, and its columns
 */
record Rotary(List<Integer> axes, double theta) {

    static final String COSINES = "cosines";
    static final String SINES = "sines";

    int width() {
        return axes.stream().mapToInt(Integer::intValue).sum();
    }

    /** {@code [1, tokens, width / 2]} each. */
    List<Feed> feeds(LatentShape shape, int patch) {
        int rows = shape.height() / patch;
        int columns = shape.width() / patch;
        return List.of(feed(rows, columns, Math::cos), feed(rows, columns, Math::sin));
    }

    private Feed feed(int rows, int columns, DoubleUnaryOperator function) {
        return Feed.floats(
                bytes -> {
                    for (int row = 0; row < rows; row++) {
                        for (int column = 0; column < columns; column++) {
                            put(bytes, List.of(0, row, column), function);
                        }
                    }
                },
                1,
                (long) rows * columns,
                width() / 2);
    }

    private void put(ByteBuffer bytes, List<Integer> place, DoubleUnaryOperator function) {
        for (int axis = 0; axis < axes.size(); axis++) {
            for (int i = 0; i < axes.get(axis); i += 2) {
                double frequency = 1 / Math.pow(theta, (double) i / axes.get(axis));
                bytes.putFloat((float) function.applyAsDouble(place.get(axis) * frequency));
            }
        }
    }
}
