package dev.weir.engine.adapter;

/**
 * A matrix as the product of two. Immutable.
 *
 * @param left {@code [out, rank]}
 * @param right {@code [rank, in]}
 */
record Factors(Matrix left, Matrix right) {

    int rank() {
        return left.columns();
    }

    /** Any matrix, with an identity for the smaller side. */
    static Factors of(Matrix whole) {
        return whole.rows() <= whole.columns()
                ? new Factors(Matrix.identity(whole.rows()), whole)
                : new Factors(whole, Matrix.identity(whole.columns()));
    }

    Matrix product() {
        return left.times(right);
    }

    LowRank scaled(float factor) {
        return new LowRank(
                rank(), right.values(), left.times(factor).transposed().values());
    }
}
