package dev.weir.gateway.http;

import dev.weir.gateway.api.EventJson;
import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Preview;
import dev.weir.gateway.job.JobEvent.Progress;
import dev.weir.gateway.job.KeptJob;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.Base64;
import java.util.function.Consumer;

/** One client that watches a kept job: what it missed of the kept events, then what happens. Event loop of its request. */
final class JobEvents {

    private final KeptJob job;
    private final Runnable onLeft;
    private final Consumer<JobEvent> watcher = this::on;
    private EventStream stream;

    /** @param onLeft called when the client leaves before the end */
    JobEvents(KeptJob job, Runnable onLeft) {
        this.job = job;
        this.onLeft = onLeft;
    }

    void start(Vertx vertx, RoutingContext ctx, Duration slowClient, long after) {
        stream = new EventStream(vertx, ctx, slowClient, this::leave);
        job.watch(watcher);
        job.eventsAfter(after).forEach(this::send);
        endIfOver();
    }

    private void leave() {
        job.unwatch(watcher);
        onLeft.run();
    }

    private void on(JobEvent event) {
        if (event instanceof Preview || event instanceof Progress) {
            stream.offer(EventJson.type(event), json(event), id(event));
        } else {
            send(event);
        }
        endIfOver();
    }

    private void send(JobEvent event) {
        stream.send(EventJson.type(event), json(event), id(event));
    }

    private void endIfOver() {
        if (job.isOver()) {
            job.unwatch(watcher);
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
            json.put("url", JobJson.imagePath(job.id(), completed.at().sample()));
        }
        return json;
    }

    private static String id(JobEvent event) {
        return String.valueOf(event.at().seq());
    }
}
