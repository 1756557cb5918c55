package dev.weir.engine.network;

import dev.weir.engine.backend.Feed;
import java.util.List;

/** Rows of unequal length in one batch. */
final class Lengths {

    private Lengths() {}

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
