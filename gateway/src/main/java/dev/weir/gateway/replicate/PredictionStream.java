package dev.weir.gateway.replicate;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.http.EventStream;
import dev.weir.gateway.job.Attendance;
import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Failed;
import dev.weir.gateway.job.JobEvent.Preview;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.ledger.UserJobs;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;

/**
 * One client that watches a prediction: an event for each picture, and for each frame if the input asked for frames. Event loop of its
 * request.
 */
final class PredictionStream {

    private final KeptJob job;
    private final String base;
    private EventStream stream;

    /** @param base what URLs begin with */
    PredictionStream(KeptJob job, String base) {
        this.job = job;
        this.base = base;
    }

    void start(Vertx vertx, RoutingContext ctx, Duration slowClient, UserJobs jobs) {
        Attendance[] client = new Attendance[1];
        stream = new EventStream(vertx, ctx, slowClient, () -> client[0].leave(), error -> {
            fail(error, job.seq());
            stream.end("");
        });
        client[0] = jobs.attend(job, this::onNew, () -> {
            fail(ApiError.LOST, job.seq());
            stream.end("");
        });
        job.eventsAfter(0).forEach(this::send);
        endIfOver();
    }

    private void onNew(JobEvent event) {
        send(event);
        endIfOver();
    }

    private void send(JobEvent event) {
        long seq = event.at().seq();
        if (event instanceof Preview preview) {
            stream.offerLine("output", PredictionJson.data(preview.picture()), id(seq));
        } else if (event instanceof Completed completed) {
            stream.sendLine("output", PredictionJson.picture(completed, base), id(seq));
        } else if (event instanceof Failed failed) {
            fail(ApiError.of(failed.failure()), seq);
        }
    }

    private void fail(ApiError error, long seq) {
        stream.send("error", new JsonObject().put("detail", error.message()), id(seq));
    }

    private void endIfOver() {
        if (job.isOver()) {
            boolean cancelled = job.status() == KeptJob.Status.CANCELLED;
            JsonObject reason = cancelled ? new JsonObject().put("reason", "canceled") : new JsonObject();
            stream.send("done", reason, id(job.seq()));
            stream.end("");
        }
    }

    private static String id(long seq) {
        return String.valueOf(seq);
    }
}
