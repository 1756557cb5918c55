package dev.weir.engine.network;

import dev.weir.engine.LatentShape;
import dev.weir.engine.backend.Feed;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/**
 * The angles by which attention turns queries and keys, by the places of a token: in a picture its row and its column (Su et al. 2021,
 * arXiv 2104.09864). Immutable.
 *
 * @param axes how many numbers of a head each axis turns: of a picture one that all its tokens have the same place on, its rows, and its
 *     columns
 */
record Rotary(List<Integer> axes, double theta) {

    static final String COSINES = "cosines";
    static final String SINES = "sines";

    int width() {
        return axes.stream().mapToInt(Integer::intValue).sum();
    }

    /** Those of a picture's tokens, {@code [1, tokens, width / 2]} each. */
    List<Feed> feeds(LatentShape shape, int patch) {
        return feeds(List.of(picture(shape, patch, 0)));
    }

    /** The places of a picture's tokens. */
    static List<int[]> picture(LatentShape shape, int patch, int first) {
        int columns = shape.width() / patch;
        return IntStream.range(0, shape.height() / patch * columns)
                .mapToObj(token -> new int[] {first, token / columns, token % columns})
                .toList();
    }

    /**
     * {@code [rows, tokens, width / 2]} each.
     *
     * @param rows of each token its place on every axis
     */
    List<Feed> feeds(List<List<int[]>> rows) {
        return List.of(feed(rows, Math::cos), feed(rows, Math::sin));
    }

    private Feed feed(List<List<int[]>> rows, DoubleUnaryOperator function) {
        return Feed.floats(
                bytes -> {
                    List<List<float[]>> byAxis = IntStream.range(0, axes.size())
                            .mapToObj(axis -> numbers(axis, places(rows, axis), function))
                            .toList();
                    rows.forEach(row -> row.forEach(token -> {
                        for (int axis = 0; axis < token.length; axis++) {
                            put(bytes, byAxis.get(axis).get(token[axis]));
                        }
                    }));
                },
                rows.size(),
                rows.get(0).size(),
                width() / 2);
    }

    private static int places(List<List<int[]>> rows, int axis) {
        return 1
                + rows.stream()
                        .flatMap(List::stream)
                        .mapToInt(token -> token[axis])
                        .max()
                        .orElse(0);
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
