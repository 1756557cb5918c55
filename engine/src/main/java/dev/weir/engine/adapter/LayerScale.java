package dev.weir.engine.adapter;

import java.util.OptionalDouble;

/**
 * What the product of a layer's factors is multiplied by. Immutable.
 *
 * @param alpha empty: the rank
 * @param isRankStabilized whether the alpha is divided by the root of the rank (rsLoRA, arXiv 2312.03732), and not by the rank
 */
record LayerScale(OptionalDouble alpha, boolean isRankStabilized) {

    float of(int rank) {
        return (float) (alpha.orElse(rank) / (isRankStabilized ? Math.sqrt(rank) : rank));
    }
}
