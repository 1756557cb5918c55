package dev.weir.engine;

/** Weights of an element type that Weir does not read, such as FP8. Their file is not damaged. */
public final class ElementTypeException extends ModelException {

    private static final long serialVersionUID = 1L;

    public ElementTypeException(String message) {
        super(message);
    }
}
