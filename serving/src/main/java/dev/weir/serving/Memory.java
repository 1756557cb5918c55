package dev.weir.serving;

import java.util.Locale;
import java.util.stream.Stream;

/** Detects that a device is out of memory. libtorch and ONNX Runtime only say so in the message. */
public final class Memory {

    private static final String[] WORDS = {
        "out of memory",
        "can't allocate memory",
        "not enough memory",
        // ONNX Runtime
        "bad_alloc",
        "bad allocation",
        "failed to allocate memory"
    };

    private Memory() {}

    /** Whether a problem says that there is not enough memory. */
    public static boolean isExhausted(Throwable problem) {
        return Stream.iterate(problem, cause -> cause != null, Throwable::getCause)
                .anyMatch(cause -> cause instanceof OutOfMemoryError || says(cause.getMessage()));
    }

    private static boolean says(String message) {
        String text = String.valueOf(message).toLowerCase(Locale.ROOT);
        return Stream.of(WORDS).anyMatch(text::contains);
    }
}
