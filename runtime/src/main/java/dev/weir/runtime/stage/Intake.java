package dev.weir.runtime.stage;

import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/**
 * Brings accepted work to the device: its model is loaded first, then what may save the device work is fetched. Other work does
 * not wait for it. Event loop of its stage node.
 */
final class Intake {

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
        if (ready.toCompletableFuture().isDone()) {
            ready.whenComplete((loaded, problem) -> loaded(held, problem));
        } else {
            lifecycle.loading(held);
            ready.whenComplete((loaded, problem) -> loop.execute(() -> loaded(held, problem)));
        }
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
        stage.prepare(held.work).whenComplete((prepared, ignored) -> {
            if (inFlight.holds(held)) {
                device.admit(held.work);
            }
        });
    }
}
