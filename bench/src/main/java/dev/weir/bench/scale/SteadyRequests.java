package dev.weir.bench.scale;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** So many clients, more when told, that each ask for one picture after the other until they are told to stop. */
final class SteadyRequests implements AutoCloseable {

    /** Different, so that batches do not move in step. */
    private static final List<Integer> STEPS = List.of(6, 8, 10, 12, 14);

    static final double MEAN_STEPS = 10;

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Random random = new Random(7);
    private final URI images;
    private final AtomicInteger finished = new AtomicInteger();
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicReference<String> problem = new AtomicReference<>("");
    private volatile boolean stopping;

    SteadyRequests(URI gateway) {
        this.images = gateway.resolve("/v1/images/generations");
    }

    void add(int clients) {
        for (int i = 0; i < clients; i++) {
            running.incrementAndGet();
            ask();
        }
    }

    private void ask() {
        int seed = random.nextInt(1_000_000);
        String body = "{\"prompt\": \"a red apple\", \"seed\": %d, \"num_inference_steps\": %d, \"guidance_scale\": 1}"
                .formatted(seed, STEPS.get(seed % STEPS.size()));
        HttpRequest request = HttpRequest.newBuilder(images)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body))
                .build();
        http.sendAsync(request, BodyHandlers.ofString()).whenComplete((answer, failure) -> {
            if (failure != null || answer.statusCode() != 200) {
                problem.compareAndSet("", failure != null ? failure.toString() : answer.body());
            } else {
                finished.incrementAndGet();
            }
            if (stopping || !problem.get().isEmpty()) {
                running.decrementAndGet();
            } else {
                ask();
            }
        });
    }

    /** Pictures so far. Throws IllegalStateException where a client got something else. */
    int finished() {
        if (!problem.get().isEmpty()) {
            throw new IllegalStateException(problem.get());
        }
        return finished.get();
    }

    /** Tells the clients to stop; returns at once. */
    @Override
    public void close() {
        stopping = true;
    }
}
