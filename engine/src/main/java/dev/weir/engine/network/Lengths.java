package dev.weir.engine.network;

import dev.weir.engine.backend.Feed;
import dev.weir.engine.prompt.TokenRow;
import java.util.List;

/** Rows of unequal length in one batch. */
final class Lengths {

    private Lengths() {}

    /**
     * Which tokens of the rows of prompts count, {@code [rows, longest]}; one single true where all do.
     *
     * @param hidesPadding whether padding does not
     */
    static Feed seen(List<TokenRow> rows, boolean hidesPadding) {
        var lengths = rows.stream()
                .map(row -> hidesPadding ? row.own() : row.ids().length)
                .toList();
        int longest = rows.stream().mapToInt(row -> row.ids().length).max().orElseThrow();
        if (rows.stream().allMatch(row -> row.hidden().isEmpty())) {
            return kept(lengths, longest);
        }
        return Feed.booleans(
                bytes -> {
                    for (int row = 0; row < rows.size(); row++) {
                        for (int i = 0; i < longest; i++) {
                            boolean seen = i < lengths.get(row)
                                    && !rows.get(row).hidden().get(i);
                            bytes.put((byte) (seen ? 1 : 0));
                        }
                    }
                },
                rows.size(),
                longest);
    }

    /** Which tokens count, {@code [rows, longest]}; one single true where all rows are equally long, and all do. */
    static Feed kept(List<Integer> lengths) {
        return kept(lengths, lengths.stream().mapToInt(Integer::intValue).max().orElseThrow());
    }

    private static Feed kept(List<Integer> lengths, int longest) {
        if (lengths.stream().allMatch(length -> length == longest)) {
            return Feed.booleans(bytes -> bytes.put((byte) 1), 1, 1);
        }
        return Feed.booleans(
                bytes -> {
                    for (int length : lengths) {
                        for (int i = 0; i < longest; i++) {
                            bytes.put((byte) (i < length ? 1 : 0));
                        }
                    }
                },
                lengths.size(),
                longest);
    }
}
