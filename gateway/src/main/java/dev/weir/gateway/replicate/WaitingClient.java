package dev.weir.gateway.replicate;

import dev.weir.gateway.http.Answers;
import dev.weir.gateway.job.Attendance;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.ledger.UserJobs;
import io.vertx.core.Vertx;
import io.vertx.ext.web.RoutingContext;

/** A client that waits for the end of a prediction, for a limited time. The prediction goes on without it. Event loop of its request. */
final class WaitingClient {

    private final Vertx vertx;
    private final KeptJob job;
    private final Runnable answer;
    private Attendance attendance;
    private long timer;
    private boolean over;

    /** @param answer called once, unless the client has left before */
    WaitingClient(Vertx vertx, KeptJob job, Runnable answer) {
        this.vertx = vertx;
        this.job = job;
        this.answer = answer;
    }

    void start(RoutingContext ctx, UserJobs jobs, int seconds, Answers answers) {
        timer = vertx.setTimer(1000L * seconds, late -> end(answer));
        answers.attended(ctx, () -> end(() -> {}));
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
        attendance.leave();
        last.run();
    }
}
