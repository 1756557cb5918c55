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

/** Concurrent clients that each request one image after the other. */
final class ConcurrentClients {

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI images;
    private final int steps;

    ConcurrentClients(URI gateway, int steps) {
        this.images = gateway.resolve("/v1/images/generations");
        this.steps = steps;
    }

    /** A different prompt for each seed, so that no text state is reused. */
    static String prompt(int seed) {
        return "a red apple, number " + seed;
    }

    /** Returns when the images of these seeds are done. Throws IllegalStateException on the first failure. */
    void draw(int firstSeed, int endSeed, int clients) {
        AtomicInteger next = new AtomicInteger(firstSeed);
        List<CompletableFuture<Void>> all = IntStream.range(0, clients)
                .mapToObj(client -> drawOn(next, endSeed))
                .toList();
        all.forEach(CompletableFuture::join);
    }

    private CompletableFuture<Void> drawOn(AtomicInteger next, int endSeed) {
        int seed = next.getAndIncrement();
        return seed >= endSeed
                ? CompletableFuture.completedFuture(null)
                : ask(seed).thenCompose(v -> drawOn(next, endSeed));
    }

    private CompletableFuture<Void> ask(int seed) {
        String body =
                "{\"prompt\": \"%s\", \"seed\": %d, \"num_inference_steps\": %d}".formatted(prompt(seed), seed, steps);
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
