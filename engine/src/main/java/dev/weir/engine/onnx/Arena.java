package dev.weir.engine.onnx;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * Decides when a session's arena gives its memory back. ONNX Runtime keeps what a forward needed for the next one, which is up to
 * a tenth faster than new pages from the system. So the arena is kept for shapes that come again within some forwards. It is
 * emptied after a shape that is new, and when the largest one has not come again. One device thread owns it; frees nothing itself.
 */
final class Arena {

    /** For how many forwards a shape is known. */
    static final int REMEMBERED = 32;

    /** The forward that each known shape was last seen in. */
    private final Map<List<Long>, Long> seen = new HashMap<>();

    private long forwards;

    /** Whether to empty the arena after a forward whose main input has this shape. */
    boolean isEmptiedAfter(long... shape) {
        long largest = largest();
        var isNew = seen.put(LongStream.of(shape).boxed().toList(), ++forwards) == null;
        seen.values().removeIf(last -> last <= forwards - REMEMBERED);
        return isNew || largest() < largest;
    }

    private long largest() {
        return seen.keySet().stream()
                .mapToLong(sides -> sides.stream().reduce(1L, (a, b) -> a * b))
                .max()
                .orElse(0);
    }
}
