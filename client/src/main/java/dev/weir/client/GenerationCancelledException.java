package dev.weir.client;

/** The job was cancelled: by this client, by an interrupt of its thread, or by another client. */
public final class GenerationCancelledException extends WeirException {

    private static final long serialVersionUID = 1L;

    GenerationCancelledException(String message) {
        super("cancelled", message, null);
    }
}
