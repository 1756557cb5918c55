package dev.weir.engine.network;

import dev.weir.engine.backend.Feed;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Positions of a transformer's tokens that its checkpoint does not have: sines and cosines of each token's column, then of its row.
 * Immutable.
 *
 * @param width of a token
 * @param base tokens each way of a picture as the network was trained; others are spread over as many places
 * @param interpolation by which places are divided
 */
record SinePositions(int width, int base, double interpolation) {

    private static final double FREQUENCIES = 10_000;

    /** {@code [1, rows * columns, width]}. */
    List<Feed> of(int rows, int columns) {
        return List.of(Feed.floats(
                bytes -> {
                    for (int row = 0; row < rows; row++) {
                        for (int column = 0; column < columns; column++) {
                            put(bytes, place(column, columns));
                            put(bytes, place(row, rows));
                        }
                    }
                },
                1,
                (long) rows * columns,
                width));
    }

    private double place(int index, int count) {
        return index / ((double) count / base) / interpolation;
    }

    private void put(ByteBuffer bytes, double place) {
        int count = width / 4;
        for (int i = 0; i < count; i++) {
            bytes.putFloat((float) Math.sin(place / Math.pow(FREQUENCIES, (double) i / count)));
        }
        for (int i = 0; i < count; i++) {
            bytes.putFloat((float) Math.cos(place / Math.pow(FREQUENCIES, (double) i / count)));
        }
    }
}
