package dev.weir.bench;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/** So many clients that each ask for one picture after the other. */
final class ConcurrentClients {

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI images;
    private final String prompt;
    private final int steps;

    ConcurrentClients(URI gateway, String prompt, int steps) {
        this.images = gateway.resolve("/v1/images/generations");
        this.prompt = prompt;
        this.steps = steps;
    }

    /** Returns when all pictures are there; throws IllegalStateException on the first that is not. */
    void draw(int count, int clients) {
        AtomicInteger next = new AtomicInteger();
        List<CompletableFuture<Void>> all = IntStream.range(0, clients)
                .mapToObj(client -> drawOn(next, count))
                .toList();
        all.forEach(CompletableFuture::join);
    }

    private CompletableFuture<Void> drawOn(AtomicInteger next, int count) {
        int seed = next.getAndIncrement();
        return seed >= count
                ? CompletableFuture.completedFuture(null)
                : ask(seed).thenCompose(v -> drawOn(next, count));
    }

    private CompletableFuture<Void> ask(int seed) {
        String body = "{\"prompt\": \"%s\", \"seed\": %d, \"num_inference_steps\": %d}".formatted(prompt, seed, steps);
        HttpRequest request = HttpRequest.newBuilder(images)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body))
                .build();
        return http.sendAsync(request, BodyHandlers.ofString()).thenAccept(answer -> {
            if (answer.statusCode() != 200) {
                throw new IllegalStateException(answer.statusCode() + ": " + answer.body());
            }
        });
    }
}
