package dev.weir.cli;

import dev.weir.client.GatewayUnreachableException;
import dev.weir.client.InvalidRequestException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** What a command could not do, in words for the person who typed it, with the exit code for the script that did. */
final class CliException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    static final int FAILED = 1;
    static final int USAGE = 2;
    static final int UNREACHABLE = 3;

    private final int exitCode;

    CliException(int exitCode, String message) {
        this(exitCode, message, null);
    }

    CliException(int exitCode, String message, Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    static int exitCodeOf(Throwable e) {
        if (e instanceof CliException known) {
            return known.exitCode;
        }
        if (e instanceof InvalidRequestException) {
            return USAGE;
        }
        return e instanceof GatewayUnreachableException ? UNREACHABLE : FAILED;
    }

    /** The cause inside the wrappers that futures put around it. */
    static Throwable rootOf(Throwable e) {
        boolean isWrapper = e instanceof ExecutionException || e instanceof CompletionException;
        return isWrapper && e.getCause() != null ? rootOf(e.getCause()) : e;
    }

    /** One line: the message, and the kind of error where the message alone would say too little, as a lone name does. */
    static String describe(Throwable e) {
        String kind = e.getClass().getSimpleName();
        if (e.getMessage() == null) {
            return kind;
        }
        return e.getMessage().contains(" ") ? e.getMessage() : e.getMessage() + " (" + kind + ")";
    }
}
