package dev.weir.cli;

import dev.weir.client.GatewayUnreachableException;
import dev.weir.client.InvalidRequestException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** Why a command failed, in words for the user, with an exit code for scripts. */
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

    /** The cause inside the wrappers of futures. */
    static Throwable rootOf(Throwable e) {
        boolean isWrapper = e instanceof ExecutionException || e instanceof CompletionException;
        return isWrapper && e.getCause() != null ? rootOf(e.getCause()) : e;
    }

    /** One line: the message, with the kind of error if the message alone says too little, such as a lone name. */
    static String describe(Throwable e) {
        String kind = e.getClass().getSimpleName();
        if (e.getMessage() == null) {
            return kind;
        }
        return e.getMessage().contains(" ") ? e.getMessage() : e.getMessage() + " (" + kind + ")";
    }
}
