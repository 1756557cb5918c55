package dev.weir.gateway.replicate;

import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Progress;
import dev.weir.gateway.job.JobEvent.Started;
import dev.weir.gateway.job.KeptJob;
import dev.weir.proto.v1.Webhook;
import io.vertx.core.Vertx;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The webhook of one prediction. There is one call at a time, with the state of that moment, so a slow server receives fewer. Event loop of
 * the gateway.
 */
final class WebhookEvents {

    static final String START = "start";
    static final String OUTPUT = "output";
    static final String LOGS = "logs";
    static final String COMPLETED = "completed";
    static final List<String> ALL = List.of(START, OUTPUT, LOGS, COMPLETED);

    private static final long PAUSE_MS = 500;

    private final Vertx vertx;
    private final KeptJob job;
    private final Webhook webhook;
    private final Webhooks webhooks;
    /** Events that have no call yet. {@code start} comes before {@code output} where both wait. */
    private final Set<String> waiting = new TreeSet<>(Comparator.comparing(ALL::indexOf));

    private boolean started;
    private boolean busy;

    WebhookEvents(Vertx vertx, KeptJob job, Webhook webhook, Webhooks webhooks) {
        this.vertx = vertx;
        this.job = job;
        this.webhook = webhook;
        this.webhooks = webhooks;
    }

    /** Another gateway that takes over the job does the same. */
    void start() {
        job.watch(this::on, () -> {});
    }

    private void on(JobEvent event) {
        if (!started && (event instanceof Started || event instanceof Progress || event instanceof Completed)) {
            started = true;
            add(START);
        }
        if (event instanceof Progress) {
            add(LOGS);
        } else if (event instanceof Completed) {
            add(OUTPUT);
        }
        if (job.isOver()) {
            add(COMPLETED);
        }
        next();
    }

    private void add(String event) {
        if (webhook.getEventsList().contains(event)) {
            waiting.add(event);
        }
    }

    private void next() {
        if (busy || waiting.isEmpty()) {
            return;
        }
        String body = PredictionJson.brief(job, webhook.getBase()).encode();
        String event = waiting.iterator().next();
        waiting.remove(event);
        busy = true;
        if (event.equals(COMPLETED)) {
            webhooks.deliver(webhook, job.id() + "_" + COMPLETED, body);
            return;
        }
        String id = "%s_%s_%d".formatted(job.id(), event, job.seq());
        webhooks.tryOnce(webhook, id, body).onComplete(called -> {
            if (job.isOver()) {
                free();
            } else {
                vertx.setTimer(PAUSE_MS, later -> free());
            }
        });
    }

    private void free() {
        busy = false;
        next();
    }
}
