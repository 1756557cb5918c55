package dev.weir.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.cli.StreamSession.BrokenException;
import dev.weir.cli.StreamSession.Message;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * A job that is seen to its end, over as many connections as that takes: it has a key, so that asking twice makes one job, and
 * where a connection breaks the next one goes on after the last event that was heard. It ends with this process. Main thread.
 */
final class PursuedJob {

    /** Who is told what happens. */
    interface Watcher {

        /**
         * {@code queued}, {@code started}, {@code progress}, {@code resumed}, {@code warning}, {@code completed}, {@code
         * failed} or {@code cancelled}.
         */
        void event(JsonNode event);

        void image(ImageMessage image);

        /** The connection broke, or the gateway cannot say at the moment: another try follows. Told once until something is heard. */
        void broke(String what);
    }

    /** So long nothing is heard before it is given up. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final Duration PAUSE = Duration.ofMillis(500);
    private static final int LONGEST_PAUSE_SECONDS = 5;
    /** What a gateway says that cannot take a job, or cannot find it, at this moment. */
    private static final Set<String> NOT_NOW = Set.of("ledger_unavailable", "job_elsewhere", "draining");

    private static final String UNKNOWN = "not_found";

    private final GatewayClient gateway;
    private final ObjectNode command;
    private final Watcher watcher;
    private final int samples;
    private final Set<Integer> ended = new HashSet<>();
    private volatile String job = "";
    private long seq;
    private long heardNanos = System.nanoTime();
    private Duration pause = PAUSE;
    private boolean begun;
    private boolean isAway;

    /** @param request as for {@code POST /v1/jobs} */
    PursuedJob(GatewayClient gateway, ObjectNode request, Watcher watcher) {
        this.gateway = gateway;
        this.watcher = watcher;
        this.samples = request.path("n").asInt(1);
        this.command = request.deepCopy()
                .put("type", "generate")
                .put("idempotency_key", UUID.randomUUID().toString());
    }

    /** Returns when every sample has come to an end; throws {@link CliException} where one failed or nobody answers. */
    void run() {
        Thread atInterrupt = new Thread(this::cancel, "weir-cancel");
        Runtime.getRuntime().addShutdownHook(atInterrupt);
        try {
            while (ended.size() < samples) {
                connect();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException(CliException.FAILED, "interrupted", e);
        } finally {
            if (ended.size() < samples) {
                cancel();
            }
            forget(atInterrupt);
        }
    }

    private static void forget(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException alreadyEnding) {
            // Then it runs, and finds little to do.
        }
    }

    /** It goes on without its client, so it has to be told. */
    private void cancel() {
        if (!job.isEmpty()) {
            gateway.delete("/v1/jobs/" + job);
        }
    }

    /** Returns when all is over, or the connection is and another may go on. */
    private void connect() throws InterruptedException {
        try (StreamSession session = gateway.stream(new StreamSession(), begun)) {
            begun = true;
            session.send(job.isEmpty() ? command : attach());
            while (ended.size() < samples) {
                Message message = session.next();
                if (message instanceof Message.Image picture) {
                    watcher.image(ImageMessage.read(picture.bytes()));
                } else if (message instanceof Message.Told told) {
                    handle(GatewayClient.parse(told.text()));
                }
            }
        } catch (BrokenException e) {
            if (System.nanoTime() - heardNanos > PATIENCE.toNanos()) {
                throw new CliException(CliException.UNREACHABLE, e.getMessage());
            }
            if (!isAway) {
                isAway = true;
                watcher.broke(e.getMessage());
            }
            TimeUnit.MILLISECONDS.sleep(pause.toMillis());
            pause = PAUSE;
        }
    }

    private ObjectNode attach() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("type", "attach")
                .put("job", job)
                .put("after", seq);
    }

    private void handle(JsonNode told) throws BrokenException {
        String type = told.path("type").asText();
        if (type.equals("error")) {
            refused(told);
            return;
        }
        isAway = false;
        heardNanos = System.nanoTime();
        job = told.path("job").asText(job);
        seq = Math.max(seq, told.path("seq").asLong());
        if (type.equals("failed")) {
            throw GatewayClient.failed(told.path("error"), "the gateway could not make it");
        }
        if (type.equals("cancelled")) {
            throw new CliException(CliException.FAILED, "the job was cancelled");
        }
        if (type.equals("completed")) {
            ended.add(told.path("sample").asInt());
        }
        if (!type.equals("attached")) {
            watcher.event(told);
        }
    }

    private void refused(JsonNode told) throws BrokenException {
        JsonNode error = told.path("error");
        String code = error.path("code").asText();
        boolean isLost = code.equals(UNKNOWN) && !job.isEmpty();
        if (isLost) {
            // All who knew it are gone: it is asked for anew.
            job = "";
            seq = 0;
        }
        if (!isLost && !NOT_NOW.contains(code)) {
            throw GatewayClient.failed(error, "the gateway could not make it");
        }
        pause = Duration.ofSeconds(
                Math.min(LONGEST_PAUSE_SECONDS, told.path("retry_after_seconds").asInt(1)));
        throw new BrokenException(error.path("message").asText());
    }
}
