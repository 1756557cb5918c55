package dev.weir.runtime.memory;

/** The cluster's memory did not answer in time, or could not; whether it did what it was asked to is not known. */
public final class MemoryException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public MemoryException(String message, Throwable cause) {
        super(message, cause, false, false);
    }
}
