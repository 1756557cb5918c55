package dev.weir.client;

/** The cluster accepted the request and could not complete it, or the answer was not that of a Weir gateway. */
public final class GenerationFailedException extends WeirException {

    private static final long serialVersionUID = 1L;

    GenerationFailedException(String code, String message) {
        this(code, message, null);
    }

    GenerationFailedException(String code, String message, Throwable cause) {
        super(code, message, cause);
    }

    /** The answer came from something else than a gateway, such as a proxy's error page. */
    static GenerationFailedException notWeir(String why, Throwable cause) {
        return new GenerationFailedException("", "this is not a Weir gateway: " + why, cause);
    }
}
