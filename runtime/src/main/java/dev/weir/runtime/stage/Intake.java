package dev.weir.runtime.stage;

import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/**
 * Brings accepted work to the device: its model is loaded first, then what may save the device work is fetched. Other work does
 * not wait for it. Event loop of its stage node.
 */
final class Intake {

    /** Well below the time after which a silent sample counts as lost. */
    static final long TELL_AGAIN_MS = 10_000;

    private final Executor loop;
    private final Stage stage;
    private final InFlightTable inFlight;
    private final Device device;
    private final SampleLifecycle lifecycle;

    Intake(Executor loop, Stage stage, InFlightTable inFlight, Device device, SampleLifecycle lifecycle) {
        this.loop = loop;
        this.stage = stage;
        this.inFlight = inFlight;
        this.device = device;
        this.lifecycle = lifecycle;
    }

    void take(Held held) {
        Loading.Use model = stage.loading().use(held.work.task());
        held.uses(model);
        CompletionStage<?> ready = model.ready();
        if (held.waitsForModel()) {
            lifecycle.loading(held);
            ready.whenComplete((loaded, problem) -> loop.execute(() -> loaded(held, problem)));
        } else {
            ready.whenComplete((loaded, problem) -> loaded(held, problem));
        }
    }

    /** Owners count work that they hear nothing of as lost, however long its model takes. Call it every {@link #TELL_AGAIN_MS}. */
    void tellAgain() {
        inFlight.matching(Held::waitsForModel).forEach(lifecycle::loading);
    }

    private void loaded(Held held, Throwable problem) {
        if (!inFlight.holds(held)) {
            return;
        }
        if (problem != null) {
            Throwable cause = problem instanceof CompletionException ? problem.getCause() : problem;
            lifecycle.fail(held, new Failure("model_not_loaded", String.valueOf(cause.getMessage()), true));
            return;
        }
        CompletionStage<Stage.Admission> prepared;
        try {
            prepared = stage.prepare(held.work);
        } catch (Throwable e) {
            lifecycle.fail(held, DeviceFailures.of(e));
            return;
        }
        held.prepares(prepared);
        prepared.whenComplete((admission, failed) -> loop.execute(() -> prepared(held, admission, failed)));
    }

    private void prepared(Held held, Stage.Admission admission, Throwable problem) {
        if (!inFlight.holds(held) || held.isLeaving()) {
            return;
        }
        if (problem != null) {
            lifecycle.fail(
                    held, DeviceFailures.of(problem instanceof CompletionException ? problem.getCause() : problem));
            return;
        }
        device.admit(held.work, admission);
    }
}
