package dev.weir.runtime.memory;

/** The cluster's memory did not answer in time, or could not; unless it refused, it may yet do what it was asked to. */
public final class MemoryException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final boolean refused;

    /** @param refused whether it did not do it, and will not while too few nodes share it */
    public MemoryException(String message, boolean refused, Throwable cause) {
        super(message, cause, false, false);
        this.refused = refused;
    }

    public boolean refused() {
        return refused;
    }
}
