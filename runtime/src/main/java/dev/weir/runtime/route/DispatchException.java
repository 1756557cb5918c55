package dev.weir.runtime.route;

import dev.weir.runtime.stage.Failure;

/** No node accepted the task. */
public final class DispatchException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient Failure failure;

    public DispatchException(Failure failure) {
        super(failure.message(), null, false, false);
        this.failure = failure;
    }

    public Failure failure() {
        return failure;
    }

    /** What a failed dispatch says of its sample. */
    public static Failure failureOf(Throwable problem) {
        return problem instanceof DispatchException refused
                ? refused.failure
                : new Failure("dispatch_failed", String.valueOf(problem.getMessage()), true);
    }
}
