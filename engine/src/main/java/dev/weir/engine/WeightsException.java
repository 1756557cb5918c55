package dev.weir.engine;

/** A file of weights that cannot be read, and is not damaged as far as Weir can tell. */
public final class WeightsException extends ModelException {

    private static final long serialVersionUID = 1L;

    /** Why. */
    public enum Cause {
        /** It has an element type that Weir does not read, such as FP8. */
        TYPE,
        /** The file, or its end, is missing. */
        INCOMPLETE,
        /** The system does not let the process read it. */
        UNREADABLE
    }

    private final Cause reason;

    public WeightsException(Cause reason, String message) {
        this(reason, message, null);
    }

    public WeightsException(Cause reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    Cause reason() {
        return reason;
    }
}
