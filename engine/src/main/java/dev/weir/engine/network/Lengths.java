package dev.weir.engine.network;

import dev.weir.engine.backend.Feed;
import dev.weir.engine.prompt.Row;
import java.util.List;

/** Rows of unequal length in one batch. */
final class Lengths {

    private Lengths() {}

    /** Which tokens of the rows of prompts count, {@code [rows, longest]}; one single true where all do. */
    static Feed seen(List<Row> rows) {
        var lengths = rows.stream().map(row -> row.ids().length).toList();
        if (rows.stream().allMatch(row -> row.hidden().isEmpty())) {
            return kept(lengths);
        }
        int longest = lengths.stream().mapToInt(Integer::intValue).max().orElseThrow();
        return Feed.booleans(
                bytes -> {
                    for (Row row : rows) {
                        for (int i = 0; i < longest; i++) {
                            bytes.put((byte)
                                    (i < row.ids().length && !row.hidden().get(i) ? 1 : 0));
                        }
                    }
                },
                rows.size(),
                longest);
    }

    /** Which tokens count, {@code [rows, longest]}; one single true where all rows are equally long, and all do. */
    static Feed kept(List<Integer> lengths) {
        if (lengths.stream().distinct().count() == 1) {
            return Feed.booleans(bytes -> bytes.put((byte) 1), 1, 1);
        }
        int longest = lengths.stream().mapToInt(Integer::intValue).max().orElseThrow();
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
