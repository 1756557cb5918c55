package dev.weir.gateway.stream;

import dev.weir.gateway.GatewayConfig;
import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.Fields;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.job.Attendance;
import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.Jobs;
import dev.weir.gateway.job.KeptJobs;
import dev.weir.gateway.job.RefusedException;
import io.vertx.core.Vertx;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** One socket: the commands that come in, and the jobs that it started, which end with it unless they are to finish. Event loop of the socket. */
final class StreamSession {

    private static final short TOO_SLOW = 4408;
    private static final long GOODBYE_MS = 2000;
    private static final int MAX_ID_LENGTH = 128;
    /** So many messages may wait for a client before it is no longer listened to. */
    private static final int MAX_WAITING = 512;

    private static final Set<String> CANCEL = new TreeSet<>(List.of("type", "id", "job"));

    private final ServerWebSocket socket;
    private final RequestReader reader;
    private final Jobs jobs;
    private final KeptJobs kept;
    private final int maxSamples;
    private final Outbound outbound;
    /** By the id of the job. */
    private final Map<String, Running> running = new HashMap<>();

    /** A job of this socket; {@code id} is the client's own name for it, or null. */
    private static final class Running {
        final String id;
        final Attendance client;
        int samples;

        Running(String id, Attendance client, int samples) {
            this.id = id;
            this.client = client;
            this.samples = samples;
        }
    }

    /** @param cut ends the connection whatever is still to be written */
    StreamSession(
            Vertx vertx,
            ServerWebSocket socket,
            Runnable cut,
            RequestReader reader,
            Jobs jobs,
            KeptJobs kept,
            GatewayConfig config) {
        this.socket = socket;
        this.reader = reader;
        this.jobs = jobs;
        this.kept = kept;
        this.maxSamples = config.limits().samplesPerSocket();
        this.outbound = new Outbound(vertx, socket, config.patience().slowClient(), socket::resume, () -> {
            close();
            sayGoodbye(vertx, cut);
        });
        socket.textMessageHandler(this::onText);
        socket.binaryMessageHandler(bytes ->
                refuse(null, ApiError.invalid("invalid_type", "commands are text messages, not binary ones", null)));
        socket.exceptionHandler(broken -> {});
    }

    Outbound outbound() {
        return outbound;
    }

    private void onText(String text) {
        String id = null;
        try {
            Fields fields = Fields.parse(text.getBytes(StandardCharsets.UTF_8));
            id = fields.text("id", MAX_ID_LENGTH).orElse(null);
            String type = fields.oneOf("type", List.of("generate", "cancel")).orElseThrow(() -> fields.missing("type"));
            if (type.equals("generate")) {
                generate(id, fields);
            } else {
                cancel(id, fields);
            }
        } catch (ApiException e) {
            refuse(id, e.error());
        } catch (RefusedException e) {
            refuse(id, ApiError.of(e));
        }
        if (outbound.waiting() > MAX_WAITING) {
            socket.pause();
        }
    }

    private void generate(String id, Fields fields) {
        if (id != null && find(id) != null) {
            throw fields.invalid("duplicate_id", "id", "names a job of this socket that is not over yet");
        }
        JobSpec spec = reader.command(fields);
        int held = outbound.waitingFinals()
                + running.values().stream().mapToInt(r -> r.samples).sum();
        if (held + spec.samples() > maxSamples) {
            String message =
                    "%d images of this socket are under way, and no more than %d may be".formatted(held, maxSamples);
            throw new ApiException(new ApiError(429, "rate_limit_error", "too_many_images", message, null, 0));
        }
        Attendance client = kept.attend(spec, false, this::on);
        running.put(client.job(), new Running(id, client, spec.samples()));
    }

    private void cancel(String id, Fields fields) {
        fields.allowOnly(CANCEL);
        String job = fields.text("job").orElseGet(() -> find(id));
        if (job == null && id == null) {
            throw fields.invalid("missing_required_parameter", "job", "or id is required, to say what to cancel");
        }
        if (job == null || !running.containsKey(job)) {
            String message = "no job of this socket is running under that name";
            throw new ApiException(ApiError.invalid(404, "unknown_job", message, id == null ? "job" : "id"));
        }
        jobs.cancel(job);
    }

    private String find(String id) {
        return running.entrySet().stream()
                .filter(entry -> id != null && id.equals(entry.getValue().id))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(null);
    }

    private void on(JobEvent event) {
        Running job = running.get(event.at().job());
        if (job == null) {
            return;
        }
        if (event.isLast()) {
            job.samples--;
            if (job.samples == 0) {
                running.remove(event.at().job());
            }
        }
        outbound.tell(job.id, event);
    }

    private void refuse(String id, ApiError error) {
        JsonObject message = new JsonObject().put("type", "error");
        if (id != null) {
            message.put("id", id);
        }
        message.mergeIn(error.toJson());
        if (error.retryAfterSeconds() > 0) {
            message.put("retry_after_seconds", error.retryAfterSeconds());
        }
        outbound.tell(message);
    }

    /** Closes with a code once the client has read what is under way; one that does not read at all is cut off. */
    private void sayGoodbye(Vertx vertx, Runnable cut) {
        long timer = vertx.setTimer(GOODBYE_MS, late -> cut.run());
        socket.drainHandler(drained -> {
            vertx.cancelTimer(timer);
            socket.close(TOO_SLOW, "the client reads too slowly");
        });
    }

    /** The socket is gone, and with it everyone who waited for its jobs. */
    void close() {
        outbound.close();
        List<Running> orphans = List.copyOf(running.values());
        running.clear();
        orphans.forEach(orphan -> orphan.client.leave());
    }
}
