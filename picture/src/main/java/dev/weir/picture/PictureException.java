package dev.weir.picture;

/** A picture that a user sent cannot be read. The message says why, for that user. */
public final class PictureException extends RuntimeException {

    private static final long serialVersionUID = 1;

    public PictureException(String message) {
        super(message);
    }

    public PictureException(String message, Throwable cause) {
        super(message, cause);
    }
}
