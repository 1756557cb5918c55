package dev.weir.engine.adapter;

import dev.weir.engine.Finite;

/**
 * A change of a layer's weight as the product of two factors. Nobody writes to the arrays.
 *
 * @param down {@code [rank, in]}
 * @param up {@code [rank, out]}, so transposed
 */
public record LowRank(int rank, float[] down, float[] up) {

    public LowRank {
        if (down.length % rank != 0 || up.length % rank != 0) {
            throw new IllegalArgumentException(
                    "%d and %d numbers are no factors of rank %d".formatted(down.length, up.length, rank));
        }
    }

    int in() {
        return down.length / rank;
    }

    int out() {
        return up.length / rank;
    }

    boolean isFinite() {
        return Finite.all(down) && Finite.all(up);
    }
}
