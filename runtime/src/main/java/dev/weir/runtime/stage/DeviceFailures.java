package dev.weir.runtime.stage;

import java.util.Locale;

/** Translates a throwable of a stage into the failure of a sample. */
final class DeviceFailures {

    private DeviceFailures() {}

    /** Out of memory (on the heap, or on the device as libtorch words it), bad input, or anything else. */
    static Failure of(Throwable problem) {
        String message = problem.getMessage() == null ? problem.toString() : problem.getMessage();
        if (problem instanceof OutOfMemoryError
                || message.toLowerCase(Locale.ROOT).contains("out of memory")) {
            return new Failure("out_of_memory", message, true);
        }
        if (problem instanceof IllegalArgumentException) {
            return new Failure("invalid_task", message, false);
        }
        return new Failure("stage_failed", message, true);
    }
}
