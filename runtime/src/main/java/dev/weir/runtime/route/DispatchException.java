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
}
