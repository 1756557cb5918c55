package dev.weir.engine;

/** A model folder that cannot be used. The message names the file, the tensor or key, and the problem. */
public class ModelException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public ModelException(String message) {
        super(message);
    }

    public ModelException(String message, Throwable cause) {
        super(message, cause);
    }
}
