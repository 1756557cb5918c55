package dev.weir.gateway.replicate;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.http.Authentication;
import dev.weir.gateway.job.Attendance;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.ledger.UserJobs;
import io.vertx.core.Vertx;
import io.vertx.ext.web.RoutingContext;
import java.util.function.Consumer;

/** A client that waits for the end of a prediction, for a limited time. The prediction goes on without it. Event loop of its request. */
final class WaitingClient {

    private final Vertx vertx;
    private final KeptJob job;
    private final Runnable answer;
    private Attendance attendance;
    private Runnable stopWatchingKey;
    private long timer;
    private boolean over;

    /** @param answer called once, unless the client disconnects before */
    WaitingClient(Vertx vertx, KeptJob job, Runnable answer) {
        this.vertx = vertx;
        this.job = job;
        this.answer = answer;
    }

    void start(RoutingContext ctx, UserJobs jobs, int seconds, Consumer<ApiError> onKeyRemoved) {
        timer = vertx.setTimer(1000L * seconds, late -> end(answer));
        stopWatchingKey = Authentication.watch(ctx, removed -> end(() -> onKeyRemoved.accept(removed)));
        ctx.response().closeHandler(gone -> end(() -> {}));
        ctx.response().exceptionHandler(broken -> end(() -> {}));
        attendance = jobs.attend(
                job,
                event -> {
                    if (job.isOver()) {
                        end(answer);
                    }
                },
                () -> end(answer));
        if (job.isOver()) {
            end(answer);
        }
    }

    private void end(Runnable last) {
        if (over) {
            return;
        }
        over = true;
        vertx.cancelTimer(timer);
        stopWatchingKey.run();
        attendance.leave();
        last.run();
    }
}
