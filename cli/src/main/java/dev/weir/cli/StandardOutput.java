package dev.weir.cli;

import dev.weir.engine.SystemReason;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.util.Optional;

/**
 * What the command prints, and whether all of it arrived: a PrintWriter keeps it to itself that a disk is full or a pipe is closed, and
 * why. Any thread.
 */
final class StandardOutput extends OutputStream {

    private static final String NOBODY_READS = "Broken pipe";

    private final OutputStream out = new FileOutputStream(FileDescriptor.out);
    private volatile IOException failure;

    PrintWriter writer() {
        return new PrintWriter(this, true);
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
            out.write(bytes, offset, length);
        } catch (IOException e) {
            failure = e;
            throw e;
        }
    }

    boolean failed() {
        return failure != null;
    }

    /** A line for the user; empty where all arrived, or where who reads has read enough. */
    Optional<String> problem() {
        return Optional.ofNullable(failure)
                .map(SystemReason::of)
                .filter(reason -> !reason.equals(NOBODY_READS))
                .map(reason -> "weir: the standard output cannot be written: " + reason);
    }
}
