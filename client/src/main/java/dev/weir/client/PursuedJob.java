package dev.weir.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.client.GatewaySocket.BrokenException;
import dev.weir.client.GatewaySocket.Message;
import dev.weir.client.GenerationEvent.Accepted;
import dev.weir.client.GenerationEvent.Completed;
import dev.weir.client.GenerationEvent.Loading;
import dev.weir.client.GenerationEvent.Progress;
import dev.weir.client.GenerationEvent.Queued;
import dev.weir.client.GenerationEvent.Reconnecting;
import dev.weir.client.GenerationEvent.Resumed;
import dev.weir.client.GenerationEvent.Started;
import dev.weir.client.GenerationEvent.Warned;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * One job, followed to its end over as many connections as that takes. The job has an idempotency key, so a command that is sent twice makes
 * one job. After a broken connection the next one continues after the last event that was received. {@link #run()} belongs to one
 * thread; {@link #cancel()} may be called by any thread.
 */
final class PursuedJob {

    private static final Duration PAUSE = Duration.ofMillis(500);
    private static final int LONGEST_PAUSE_SECONDS = 5;
    /** Codes of a gateway that cannot accept a job, or cannot find it, at the moment. */
    private static final Set<String> NOT_NOW = Set.of("ledger_unavailable", "job_elsewhere", "draining");

    /** Codes for a job that no gateway knows: it was lost with its gateways, or it ended long ago. */
    private static final Set<String> UNKNOWN = Set.of("not_found", "expired");

    private static final String OTHERWISE = "the gateway could not generate the image";

    private final Gateways gateways;
    private final Duration patience;
    private final ObjectNode command;
    private final int samples;
    private final Consumer<? super GenerationEvent> listener;

    private final Map<Integer, ImageMessage> finals = new TreeMap<>();
    private final Map<Integer, GeneratedImage> images = new TreeMap<>();
    private final Set<Warning> warnings = new LinkedHashSet<>();
    private final CountDownLatch over = new CountDownLatch(1);

    private String job = "";
    private long seq;
    private long heardNanos = System.nanoTime();
    private Duration pause = PAUSE;
    private boolean begun;
    /** Whether some gateway accepted the job, even if it was lost since. */
    private boolean wasAccepted;

    private boolean isAway;
    private boolean wasInterrupted;

    private volatile boolean cancelled;
    private volatile GatewaySocket session;

    /** @param patience how long to try again while no gateway answers for the job */
    PursuedJob(Gateways gateways, Duration patience, ImageRequest request, Consumer<? super GenerationEvent> listener) {
        this.gateways = gateways;
        this.patience = patience;
        this.samples = request.count();
        this.listener = listener;
        this.command = request.toJson()
                .put("type", "generate")
                .put("idempotency_key", UUID.randomUUID().toString());
    }

    /** Returns when every image is done. Throws {@link WeirException} where one failed, and what the listener throws. */
    GenerationResult run() {
        try {
            while (images.size() < samples) {
                connect();
            }
            return new GenerationResult(job, List.copyOf(images.values()), List.copyOf(warnings));
        } finally {
            if (images.size() < samples && !job.isEmpty()) {
                // The job has a key, so it would go on without its client.
                gateways.delete("/v1/jobs/" + job);
            }
            over.countDown();
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Ends the job. {@link #run()} then throws, unless all images are done. Does not block. */
    void cancel() {
        cancelled = true;
        GatewaySocket waiting = session;
        if (waiting != null) {
            waiting.wake();
        }
    }

    /** Waits for the end of {@link #run()}, but not for ever. */
    void awaitEnd(Duration atMost) throws InterruptedException {
        over.await(atMost.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Returns when the job is over, or when its connection is and the next one may go on. */
    private void connect() {
        refuseCancelled();
        try (GatewaySocket opened = gateways.stream(begun)) {
            session = opened;
            begun = true;
            opened.send(job.isEmpty() ? command : attach());
            while (images.size() < samples) {
                handle(next(opened));
                // Only a job whose name is known can be cancelled on the gateway.
                if (!job.isEmpty()) {
                    refuseCancelled();
                }
            }
        } catch (BrokenException e) {
            refuseCancelled();
            if (System.nanoTime() - heardNanos > patience.toNanos()) {
                throw new GatewayUnreachableException(e.getMessage(), e);
            }
            if (!isAway) {
                isAway = true;
                listener.accept(new Reconnecting(e.getMessage()));
            }
            rest();
        }
    }

    private void refuseCancelled() {
        if (cancelled && images.size() < samples) {
            throw new GenerationCancelledException("the job was cancelled");
        }
    }

    /** An interrupt of the thread cancels the job. */
    private Message next(GatewaySocket from) throws BrokenException {
        while (true) {
            try {
                return from.next();
            } catch (InterruptedException e) {
                interrupted();
            }
        }
    }

    private void rest() {
        try {
            TimeUnit.MILLISECONDS.sleep(pause.toMillis());
        } catch (InterruptedException e) {
            interrupted();
        }
        pause = PAUSE;
    }

    private void interrupted() {
        wasInterrupted = true;
        cancel();
    }

    private ObjectNode attach() {
        return Json.object().put("type", "attach").put("job", job).put("after", seq);
    }

    private void handle(Message message) throws BrokenException {
        if (message instanceof Message.Image image) {
            handle(ImageMessage.read(image.bytes()));
        } else if (message instanceof Message.Text told) {
            handle(Json.parse(told.text()));
        }
    }

    private void handle(ImageMessage image) {
        if (image.isFinal()) {
            finals.put(image.sample(), image);
        } else {
            listener.accept(image.toFrame());
        }
    }

    private void handle(JsonNode told) throws BrokenException {
        String type = told.path("type").asText();
        if (type.equals("error")) {
            refused(told);
            return;
        }
        isAway = false;
        heardNanos = System.nanoTime();
        accepted(told.path("job").asText(job));
        seq = Math.max(seq, told.path("seq").asLong());
        switch (type) {
            case "failed" -> throw WeirException.of(told.path("error"), 0, OTHERWISE);
            case "cancelled" -> throw new GenerationCancelledException("the job was cancelled");
            case "deleted" ->
                throw new GenerationFailedException("deleted", "another client has deleted an image of the job");
            case "completed" -> completed(told);
            case "queued" -> listener.accept(Json.read(told, Queued.class));
            case "loading" -> listener.accept(Json.read(told, Loading.class));
            case "started" -> listener.accept(Json.read(told, Started.class));
            case "progress" -> listener.accept(Json.read(told, Progress.class));
            case "warning" -> warned(Json.read(told, Warning.class));
            case "resumed" -> listener.accept(Json.read(told, Resumed.class));
            default -> {
                // A preview's image is a message of its own. Other types are those of a newer gateway.
            }
        }
    }

    /** After a reconnection the gateway repeats its warnings. */
    private void warned(Warning warning) {
        if (warnings.add(warning)) {
            listener.accept(new Warned(warning));
        }
    }

    private void accepted(String name) {
        if (!name.equals(job)) {
            job = name;
            wasAccepted = true;
            listener.accept(new Accepted(name));
        }
    }

    /** The file came right before its event. */
    private void completed(JsonNode told) {
        int sample = told.path("sample").asInt();
        ImageMessage file = finals.remove(sample);
        if (images.containsKey(sample)) {
            return;
        }
        if (file == null) {
            throw GenerationFailedException.notWeir("an image was completed without its file", null);
        }
        GeneratedImage image = new GeneratedImage(
                sample,
                Long.parseUnsignedLong(told.path("seed").asText("0")),
                file.format(),
                file.width(),
                file.height(),
                told.path("total").asInt(),
                told.path("seconds").asDouble(),
                List.of(Json.read(told.path("timings"), StageTiming[].class)),
                told.path("nsfw_content_detected").asBoolean(),
                file.bytes());
        images.put(sample, image);
        listener.accept(new Completed(image));
    }

    private void refused(JsonNode told) throws BrokenException {
        JsonNode error = told.path("error");
        String code = error.path("code").asText();
        long retryAfter = told.path("retry_after_seconds").asLong();
        WeirException refusal = WeirException.of(error, retryAfter, OTHERWISE);
        boolean isLost = UNKNOWN.contains(code) && !job.isEmpty();
        if (isLost) {
            // No gateway knows the job any more, so the command is sent again.
            job = "";
            seq = 0;
        }
        // Servers that have just been restarted may refuse for lack of a model what was accepted before.
        boolean mayPass = NOT_NOW.contains(code) || wasAccepted && refusal instanceof GatewayBusyException;
        if (!isLost && !mayPass) {
            throw refusal;
        }
        pause = Duration.ofSeconds(Math.max(1, Math.min(LONGEST_PAUSE_SECONDS, retryAfter)));
        throw new BrokenException(error.path("message").asText());
    }
}
