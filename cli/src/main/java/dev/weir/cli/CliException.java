package dev.weir.cli;

import dev.weir.client.GatewayUnreachableException;
import dev.weir.client.InvalidRequestException;
import dev.weir.engine.SystemReason;
import dev.weir.runtime.ConfigException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
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
        if (e instanceof InvalidRequestException || e instanceof ConfigException) {
            return USAGE;
        }
        return e instanceof GatewayUnreachableException ? UNREACHABLE : FAILED;
    }

    /** The cause inside the wrappers of futures. */
    static Throwable rootOf(Throwable e) {
        boolean isWrapper = e instanceof ExecutionException || e instanceof CompletionException;
        return isWrapper && e.getCause() != null ? rootOf(e.getCause()) : e;
    }

    /** One line. What is not an error of the user, of a file or of a gateway is an error of Weir, and says so. */
    static String describe(Throwable e) {
        if (e instanceof UncheckedIOException wrapper) {
            return describe(wrapper.getCause());
        }
        if (e instanceof InvalidRequestException invalid) {
            return RequestCheck.withFlag(invalid.getMessage(), invalid.param());
        }
        if (e instanceof FileSystemException file && file.getFile() != null) {
            return file.getFile() + ": " + SystemReason.of(file);
        }
        String message = e.getMessage() == null ? "" : e.getMessage();
        boolean isSentence = message.contains(" ") && !(e instanceof NullPointerException);
        return isSentence ? message : "an error of Weir itself: %s; add -v to see where it happened".formatted(e);
    }
}
