package dev.weir.gateway.stream;

import dev.weir.gateway.GatewayConfig.Limits;
import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.Fields;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.http.ApiParts;
import dev.weir.gateway.http.IdempotencyKey;
import dev.weir.gateway.http.ReadingThreads;
import dev.weir.gateway.job.Attendance;
import dev.weir.gateway.job.ImageMemory;
import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.job.RefusedException;
import dev.weir.gateway.ledger.UserJobs;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One socket: its commands, and the jobs that it started. These end with the socket unless they are to finish. Event
 * loop of the socket.
 */
final class StreamSession {

    private static final Logger log = LoggerFactory.getLogger(StreamSession.class);

    private static final short TOO_SLOW = 4408;
    private static final long GOODBYE_MS = 2000;
    private static final int MAX_ID_LENGTH = 128;
    /** Above this number of pending messages, the client's commands are not read any more. */
    private static final int MAX_WAITING = 512;

    private static final long MAX_SEQ = 1L << 53;
    private static final String PATH = "/v1/stream";
    private static final String KEY = "idempotency_key";

    private static final Set<String> ATTACH = new TreeSet<>(List.of("type", "id", "job", "after"));
    private static final Set<String> CANCEL = new TreeSet<>(List.of("type", "id", "job", "sample"));

    private final ServerWebSocket socket;
    private final RequestReader reader;
    private final ReadingThreads threads;
    private final Supplier<UserJobs> jobs;
    private final ImageMemory images;
    private final int maxSamples;
    private final int maxTextBytes;
    private final Uploads uploads;
    private final Outbound outbound;
    /** By the id of the job. */
    private final Map<String, Running> running = new HashMap<>();

    /** Images of jobs that are being accepted. */
    private int submitting;

    /** An upload is being read. */
    private boolean reading;

    private boolean closed;

    /** A job of this socket; {@code id} is the client's own name for it, or null. */
    private static final class Running {
        final String id;
        /** Samples of the whole job. */
        final int of;

        Attendance client;
        /** Samples that have not ended as far as the client knows. */
        int samples;

        Running(String id, int of, int samples) {
            this.id = id;
            this.of = of;
            this.samples = samples;
        }
    }

    /**
     * @param cut closes the connection without writing pending data
     * @param jobs those of the socket's user; throws if there is no such user any more
     */
    StreamSession(ApiParts parts, ServerWebSocket socket, Runnable cut, Supplier<UserJobs> jobs) {
        this.socket = socket;
        this.reader = parts.reader();
        this.threads = parts.threads();
        this.jobs = jobs;
        this.images = parts.images();
        Limits limits = parts.config().limits();
        this.maxSamples = limits.samplesPerSocket();
        this.outbound = new Outbound(parts.vertx(), socket, parts.slowClient(), this::resume, () -> {
            close();
            sayGoodbye(parts.vertx(), cut);
        });
        socket.textMessageHandler(this::onText);
        this.uploads = new Uploads(limits.requests().attachmentsPerSocketBytes(), images);
        this.maxTextBytes = limits.requests().bodyBytes();
        socket.binaryMessageHandler(this::onBinary);
        socket.exceptionHandler(broken -> {});
    }

    Outbound outbound() {
        return outbound;
    }

    /** An image that a later command names, so that commands wait until it is read. */
    private void onBinary(Buffer message) {
        long bytes = message.length();
        try {
            uploads.remove(Upload.name(message));
            images.takeUpload(bytes);
        } catch (ApiException | RefusedException e) {
            refuse(null, errorOf(e));
            return;
        }
        reading = true;
        socket.pause();
        threads.read(() -> Upload.of(message, reader)).onComplete(read -> {
            images.giveUpload(bytes);
            if (read.failed()) {
                refuse(null, errorOf(read.cause()));
            } else if (!closed) {
                uploads.add(read.result());
            }
            reading = false;
            resume();
        });
    }

    /** Reads further commands, unless an upload is being read or the client has too much to read itself. */
    private void resume() {
        if (!reading && outbound.waiting() <= MAX_WAITING) {
            socket.resume();
        }
    }

    private void onText(String text) {
        String id = null;
        if (text.length() > maxTextBytes) {
            refuse(null, ApiError.TOO_LARGE);
            return;
        }
        try {
            Fields fields = Fields.parse(text.getBytes(StandardCharsets.UTF_8));
            id = fields.text("id", MAX_ID_LENGTH).orElse(null);
            String type = fields.oneOf("type", List.of("generate", "attach", "cancel"))
                    .orElseThrow(() -> fields.missing("type"));
            if (type.equals("generate")) {
                generate(id, fields, text);
            } else if (type.equals("attach")) {
                attach(id, fields);
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

    private void generate(String id, Fields fields, String text) {
        refuseDuplicate(id, fields);
        JobSpec spec = reader.command(uploads.in(fields));
        refuseTooMany(spec.samples());
        Optional<String> key = fields.text(KEY, IdempotencyKey.MAX_LENGTH);
        if (key.isPresent() && key.get().isBlank()) {
            throw fields.invalid("empty_string", KEY, "must not be empty");
        }
        if (key.filter(IdempotencyKey::hasControls).isPresent()) {
            throw fields.invalid("invalid_value", KEY, IdempotencyKey.NO_CONTROLS);
        }
        if (key.isPresent()) {
            generate(id, spec, IdempotencyKey.of(key.get(), PATH, content(text, spec)));
            return;
        }
        Running begun = new Running(id, spec.samples(), spec.samples());
        begun.client = jobs.get().attend(spec, false, this::on, () -> lost(begun.client.job()));
        running.put(begun.client.job(), begun);
    }

    /** A command names its images only, so their files are part of what the key stands for. */
    private static byte[] content(String text, JobSpec spec) {
        Buffer content = Buffer.buffer(text);
        spec.attachments().forEach(image -> content.appendString(image.name()).appendBytes(image.sha256()));
        return content.getBytes();
    }

    /** A client whose socket breaks may repeat its command, so the job continues without it. */
    private void generate(String id, JobSpec spec, IdempotencyKey key) {
        UserJobs own = jobs.get();
        submitting += spec.samples();
        own.submit(spec.finishing(), key.key(), key.request())
                .onComplete(answered -> submitting -= spec.samples())
                .<Void>map(job -> {
                    attach(id, own, job, 0);
                    return null;
                })
                .onFailure(problem -> refuse(id, errorOf(problem)));
    }

    /** Continues with a job that was started elsewhere, after the events that the client has received. */
    private void attach(String id, Fields fields) {
        fields.allowOnly(ATTACH);
        refuseDuplicate(id, fields);
        String name = fields.text("job", MAX_ID_LENGTH).orElseThrow(() -> fields.missing("job"));
        if (running.containsKey(name)) {
            throw fields.invalid("duplicate_id", "job", "is already reported on this socket");
        }
        long after = fields.integer("after", 0, MAX_SEQ).orElse(0L);
        UserJobs own = jobs.get();
        own.find(name)
                .<Void>map(job -> {
                    attach(id, own, job, after);
                    return null;
                })
                .onFailure(problem -> refuse(id, errorOf(problem)));
    }

    private void attach(String id, UserJobs own, KeptJob job, long after) {
        if (closed || running.containsKey(job.id())) {
            return;
        }
        int told = (int) IntStream.range(0, job.spec().samples())
                .filter(sample -> job.hasEnded(sample)
                        && job.latest(sample).orElseThrow().at().seq() <= after)
                .count();
        int samples = job.spec().samples() - told;
        refuseTooMany(samples);
        outbound.tell(attached(id, job));
        if (samples > 0) {
            Running attaching = new Running(id, job.spec().samples(), samples);
            running.put(job.id(), attaching);
            attaching.client = own.attend(job, this::on, () -> lost(job.id()));
            job.eventsAfter(after).forEach(this::on);
        }
    }

    private static JsonObject attached(String id, KeptJob job) {
        JsonObject json = new JsonObject()
                .put("type", "attached")
                .put("job", job.id())
                .put("status", job.status().name().toLowerCase(Locale.ROOT))
                .put("n", job.spec().samples())
                .put("model", job.spec().model())
                .put("workflow", job.spec().generation().getWorkflow());
        return id == null ? json : json.put("id", id);
    }

    private static ApiError errorOf(Throwable problem) {
        return ApiError.of(problem, KEY).orElseGet(() -> {
            log.error("A command failed", problem);
            return ApiError.internal();
        });
    }

    /** This gateway receives nothing more about the job: the client may attach again. */
    private void lost(String job) {
        Running lost = running.remove(job);
        if (lost != null) {
            refuse(lost.id, ApiError.LOST);
        }
    }

    private void refuseDuplicate(String id, Fields fields) {
        if (id != null && find(id) != null) {
            throw fields.invalid("duplicate_id", "id", "names an unfinished job of this socket");
        }
    }

    private void refuseTooMany(int samples) {
        int held = submitting
                + outbound.waitingFinals()
                + running.values().stream().mapToInt(r -> r.samples).sum();
        if (held + samples > maxSamples) {
            String message = "this socket has too many images in progress: %d (limit %d)".formatted(held, maxSamples);
            throw new ApiException(new ApiError(429, "rate_limit_error", "too_many_images", message, null, 0));
        }
    }

    private void cancel(String id, Fields fields) {
        fields.allowOnly(CANCEL);
        String job = fields.text("job").orElseGet(() -> find(id));
        if (job == null && id == null) {
            throw fields.invalid("missing_required_parameter", "job", "or id is required, to say what to cancel");
        }
        if (job == null || !running.containsKey(job)) {
            String message = "this socket has no running job with that name";
            throw new ApiException(ApiError.invalid(404, "unknown_job", message, id == null ? "job" : "id"));
        }
        fields.integer("sample", 0, running.get(job).of - 1)
                .map(sample -> jobs.get().cancel(job, sample.intValue()))
                .orElseGet(() -> jobs.get().cancel(job))
                .onFailure(problem -> refuse(id, errorOf(problem)));
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
        outbound.tell(message(id, error));
    }

    private static JsonObject message(String id, ApiError error) {
        JsonObject message = new JsonObject().put("type", "error");
        if (id != null) {
            message.put("id", id);
        }
        message.mergeIn(error.toJson());
        if (error.retryAfterSeconds() > 0) {
            message.put("retry_after_seconds", error.retryAfterSeconds());
        }
        return message;
    }

    /** The last message says why the socket ends; its jobs are as if the client had left. */
    void dismiss(ApiError error) {
        close();
        if (!socket.isClosed()) {
            socket.writeTextMessage(message(null, error).encode());
        }
    }

    /** Closes with a code once the client has read the pending data. A client that reads nothing is disconnected. */
    private void sayGoodbye(Vertx vertx, Runnable cut) {
        if (socket.isClosed()) {
            return;
        }
        long timer = vertx.setTimer(GOODBYE_MS, late -> cut.run());
        socket.drainHandler(drained -> {
            vertx.cancelTimer(timer);
            socket.close(TOO_SLOW, "the client reads too slowly");
        });
    }

    /** The socket is gone, and with it all its subscriptions. */
    void close() {
        closed = true;
        uploads.clear();
        outbound.close();
        List<Running> orphans = List.copyOf(running.values());
        running.clear();
        orphans.forEach(orphan -> orphan.client.leave());
    }
}
