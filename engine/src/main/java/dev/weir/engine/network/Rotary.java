package dev.weir.engine.network;

import dev.weir.engine.LatentShape;
import dev.weir.engine.backend.Feed;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

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
                    List<float[]> byRow = numbers(1, rows, function);
                    List<float[]> byColumn = numbers(2, columns, function);
                    float[] still = numbers(0, 1, function).get(0);
                    for (int row = 0; row < rows; row++) {
                        for (int column = 0; column < columns; column++) {
                            put(bytes, still);
                            put(bytes, byRow.get(row));
                            put(bytes, byColumn.get(column));
                        }
                    }
                },
                1,
                (long) rows * columns,
                width() / 2);
    }

    private static void put(ByteBuffer bytes, float[] numbers) {
        for (float number : numbers) {
            bytes.putFloat(number);
        }
    }

    /** Those of an axis, by place. */
    private List<float[]> numbers(int axis, int places, DoubleUnaryOperator function) {
        int width = axes.get(axis);
        double[] frequencies = IntStream.range(0, width / 2)
                .mapToDouble(i -> 1 / Math.pow(theta, 2.0 * i / width))
                .toArray();
        return IntStream.range(0, places)
                .mapToObj(place -> {
                    float[] numbers = new float[frequencies.length];
                    for (int i = 0; i < numbers.length; i++) {
                        numbers[i] = (float) function.applyAsDouble(place * frequencies[i]);
                    }
                    return numbers;
                })
                .toList();
    }
}
