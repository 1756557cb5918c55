package dev.weir.gateway.ledger;

/**
 * Epochs of the ownership of a job: a count, with a mark of the owner below it. So two owners to which the two parts of a divided cluster grant
 * the same job have different epochs. One of them is the later one for stages, for the ledger when the parts meet again, and in
 * the numbers of events, which begin with the epoch. Stateless.
 */
final class Epoch {

    private static final int MARK_BITS = 14;
    private static final long MARKS = 1L << MARK_BITS;

    private Epoch() {}

    /** The next epoch of an owner, later than a given one of any owner. */
    static long after(long earlier, String owner) {
        return ((earlier >> MARK_BITS) + 1 << MARK_BITS) + Math.floorMod(owner.hashCode(), MARKS);
    }
}
