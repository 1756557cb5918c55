package dev.weir.runtime.memory;

/**
 * The cluster's memory did not answer in time, or could not. Unless it refused, it may still execute the call later.
 */
public final class MemoryException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final boolean refused;

    /** @param refused whether the call was not executed and will not be while too few nodes share the memory */
    public MemoryException(String message, boolean refused, Throwable cause) {
        super(message, cause, false, false);
        this.refused = refused;
    }

    public boolean refused() {
        return refused;
    }
}
