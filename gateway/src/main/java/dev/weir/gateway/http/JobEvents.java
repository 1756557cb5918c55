package dev.weir.gateway.http;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.EventJson;
import dev.weir.gateway.job.Attendance;
import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Preview;
import dev.weir.gateway.job.JobEvent.Progress;
import dev.weir.gateway.job.JobEvent.Queued;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.ledger.UserJobs;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.Base64;

/**
 * One client that watches a kept job: first the stored events that it lacks, then new ones. Event loop of its request.
 */
final class JobEvents {

    private final KeptJob job;
    private final PublicAddress address;
    private final long after;
    private EventStream stream;

    /**
     * @param address of this gateway, as the client reached it
     * @param after the last number that the client has received
     */
    JobEvents(KeptJob job, PublicAddress address, long after) {
        this.job = job;
        this.address = address;
        this.after = after;
    }

    void start(Vertx vertx, RoutingContext ctx, Duration slowClient, UserJobs jobs) {
        Attendance[] client = new Attendance[1];
        stream = new EventStream(vertx, ctx, slowClient, () -> client[0].leave(), this::fail);
        // A client that is disconnected here comes back, and receives the rest from the gateway that then has the job.
        client[0] = jobs.attend(job, this::on, () -> stream.end(""));
        job.eventsAfter(after).forEach(this::send);
        endIfOver();
    }

    private void on(JobEvent event) {
        if (event.at().seq() <= after) {
            return;
        }
        if (event instanceof Preview || event instanceof Progress || event instanceof Queued) {
            stream.offer(EventJson.type(event), json(event), id(event));
        } else {
            send(event);
        }
        endIfOver();
    }

    private void send(JobEvent event) {
        stream.send(EventJson.type(event), json(event), id(event));
    }

    private void fail(ApiError error) {
        stream.send("error", error.toJson(), null);
        stream.end("");
    }

    private void endIfOver() {
        if (job.isOver()) {
            stream.end("");
        }
    }

    private JsonObject json(JobEvent event) {
        JsonObject json = EventJson.of(event);
        if (event instanceof Preview preview) {
            json.put(
                    "b64_json",
                    Base64.getEncoder().encodeToString(preview.picture().bytes()));
        } else if (event instanceof Completed completed) {
            json.put(
                    "url",
                    address.path(JobJson.imagePath(job.id(), completed.at().sample())));
        }
        return json;
    }

    private static String id(JobEvent event) {
        return String.valueOf(event.at().seq());
    }
}
