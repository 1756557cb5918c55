package dev.weir.bench.cluster;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.bench.cluster.JobRun.Kind;
import dev.weir.bench.cluster.ServerEvents.ServerEvent;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/**
 * A well-behaved client. It gives each job a key, so that a repeated request is the same job, and waits as long as the
 * server asks. If its gateway is gone or silent, it uses another one and continues after the last event that it
 * received. Blocks its thread, and belongs to it.
 */
public final class JobClient {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int CONNECT_MS = 1000;
    /** A gateway sends something every second. After such a silence it uses another one. */
    private static final int SILENCE_MS = 2500;

    private static final int PAUSE_MS = 150;
    private static final int LONGEST_WAIT_SECONDS = 2;

    private final List<URI> gateways;
    private final RandomGenerator random;
    private final Duration patience;
    private URI gateway;

    /** @param patience for a job, until its last image has arrived */
    public JobClient(List<URI> gateways, RandomGenerator random, Duration patience) {
        this.gateways = List.copyOf(gateways);
        this.random = random;
        this.patience = patience;
        this.gateway = gateways.get(random.nextInt(gateways.size()));
    }

    /** Requests a job and follows it to its end. A permanent failure is reported as the job's problem. */
    public JobRun run(JobRequest request) throws InterruptedException {
        JobRun run = new JobRun(request);
        long deadline = System.nanoTime() + patience.toNanos();
        String key = UUID.randomUUID().toString();
        try {
            run.acceptedAs(persist(run, deadline, "submit", () -> submit(request, key)));
            persist(run, deadline, "watch", () -> watch(run));
            for (int sample = 0; sample < request.images(); sample++) {
                String path = "/v1/jobs/%s/images/%d".formatted(run.id(), sample);
                run.picture(sample, persist(run, deadline, "fetch the picture of", () -> fetch(path)));
            }
            persist(run, deadline, "read again", () -> audit(run));
        } catch (GivenUp e) {
            run.failed(e.getMessage());
        }
        return run;
    }

    private interface Call<T> {
        /** Empty: not now, or not at this gateway. */
        Optional<T> at() throws IOException, InterruptedException, GivenUp;
    }

    private <T> T persist(JobRun run, long deadline, String what, Call<T> call) throws InterruptedException, GivenUp {
        String last = "no answer that helps";
        while (true) {
            try {
                Optional<T> answer = call.at();
                if (answer.isPresent()) {
                    return answer.get();
                }
            } catch (IOException e) {
                last = e.toString();
            }
            if (System.nanoTime() > deadline) {
                throw new GivenUp("could not %s the job %s within %s: %s".formatted(what, run.id(), patience, last));
            }
            TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
            turn(run);
        }
    }

    private void turn(JobRun run) {
        run.see(Kind.TURNED, 0);
        List<URI> others = gateways.stream().filter(g -> !g.equals(gateway)).toList();
        gateway = others.isEmpty() ? gateway : others.get(random.nextInt(others.size()));
    }

    private Optional<String> submit(JobRequest request, String key) throws IOException, InterruptedException, GivenUp {
        HttpURLConnection http = open("/v1/jobs");
        http.setRequestMethod("POST");
        http.setDoOutput(true);
        http.setRequestProperty("Content-Type", "application/json");
        http.setRequestProperty("Idempotency-Key", key);
        try (OutputStream body = http.getOutputStream()) {
            body.write(request.body().getBytes(StandardCharsets.UTF_8));
        }
        int status = http.getResponseCode();
        if (status == 202) {
            try (InputStream body = http.getInputStream()) {
                return Optional.of(JSON.readTree(body).path("id").asText());
            }
        }
        String said = errorOf(http);
        if (status != 429 && status != 503) {
            throw new GivenUp("the job was answered with %d: %s".formatted(status, said));
        }
        int wait = http.getHeaderFieldInt("Retry-After", 0);
        TimeUnit.SECONDS.sleep(Math.min(wait, LONGEST_WAIT_SECONDS));
        return Optional.empty();
    }

    private Optional<Boolean> watch(JobRun run) throws IOException, GivenUp {
        HttpURLConnection http = open("/v1/jobs/" + run.id() + "/events");
        if (!run.lastEventId().isEmpty()) {
            http.setRequestProperty("Last-Event-ID", run.lastEventId());
        }
        int status = http.getResponseCode();
        if (status == 204) {
            throw new GivenUp("the job %s was over, and its last event was never told".formatted(run.id()));
        }
        if (status != 200) {
            throw new IOException(status + ": " + errorOf(http));
        }
        run.see(Kind.OPENED, 0);
        try (ServerEvents events = new ServerEvents(http.getInputStream())) {
            for (var event = events.next(); event.isPresent(); event = events.next()) {
                see(run, event.get());
                if (run.isOver()) {
                    return Optional.of(true);
                }
            }
        } finally {
            http.disconnect();
        }
        return Optional.empty();
    }

    private static void see(JobRun run, ServerEvent event) throws GivenUp {
        run.readUpTo(event.id());
        int sample = event.data().path("sample").asInt();
        int attempt = event.data().path("attempt").asInt();
        switch (event.type()) {
            case "queued" -> run.see(Kind.MOVED, attempt);
            case "resumed" -> {
                // A move to an idle node is not the effect of a fault.
                if (!event.data().path("reason").asText().startsWith("rebalanced")) {
                    run.see(Kind.MOVED, attempt);
                }
            }
            case "completed" -> run.ended(sample, attempt);
            case "failed", "cancelled" -> {
                run.ended(sample, attempt);
                throw new GivenUp("the job %s ended so: %s".formatted(run.id(), event.data()));
            }
            default -> run.see(Kind.WORK, attempt);
        }
    }

    private Optional<byte[]> fetch(String path) throws IOException {
        HttpURLConnection http = open(path);
        if (http.getResponseCode() != 200) {
            throw new IOException(http.getResponseCode() + ": " + errorOf(http));
        }
        try (InputStream body = http.getInputStream()) {
            return Optional.of(body.readAllBytes());
        }
    }

    /** Reads all stored events once more: each sample must have ended once. */
    private Optional<Boolean> audit(JobRun run) throws IOException {
        HttpURLConnection http = open("/v1/jobs/" + run.id() + "/events");
        if (http.getResponseCode() != 200) {
            throw new IOException(http.getResponseCode() + ": " + errorOf(http));
        }
        Map<Integer, Integer> finals = new HashMap<>();
        try (ServerEvents events = new ServerEvents(http.getInputStream())) {
            for (var event = events.next(); event.isPresent(); event = events.next()) {
                if (event.get().type().equals("completed")) {
                    finals.merge(event.get().data().path("sample").asInt(), 1, Integer::sum);
                }
            }
        }
        finals.forEach((sample, times) -> {
            for (int more = 1; more < times; more++) {
                run.ended(sample, 0);
            }
        });
        return Optional.of(true);
    }

    private HttpURLConnection open(String path) throws IOException {
        HttpURLConnection http =
                (HttpURLConnection) gateway.resolve(path).toURL().openConnection();
        http.setConnectTimeout(CONNECT_MS);
        http.setReadTimeout(SILENCE_MS);
        return http;
    }

    private static String errorOf(HttpURLConnection http) throws IOException {
        try (InputStream body = http.getErrorStream()) {
            return body == null ? "" : new String(body.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** A failure that no retry can repair. */
    private static final class GivenUp extends Exception {
        private static final long serialVersionUID = 1L;

        GivenUp(String message) {
            super(message);
        }
    }
}
