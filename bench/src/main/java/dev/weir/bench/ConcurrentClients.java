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

    /**
     * The seconds in which so many images are done while the clients keep asking. They begin before the first of these images
     * and ask for more until the last, so that as many are being made all the time. Throws IllegalStateException on the first
     * failure.
     *
     * @param firstSeed of at most {@code images + 2 * clients} that follow one another
     */
    double seconds(int firstSeed, int images, int clients) {
        AtomicInteger next = new AtomicInteger(firstSeed);
        long[] ends = new long[clients + images];
        AtomicInteger ended = new AtomicInteger();
        List<CompletableFuture<Void>> all = IntStream.range(0, clients)
                .mapToObj(client -> ask(next, ended, ends))
                .toList();
        all.forEach(CompletableFuture::join);
        return (ends[ends.length - 1] - ends[clients - 1]) / 1e9;
    }

    private CompletableFuture<Void> ask(AtomicInteger next, AtomicInteger ended, long[] ends) {
        return ask(next.getAndIncrement()).thenCompose(image -> {
            int place = ended.getAndIncrement();
            if (place < ends.length) {
                ends[place] = System.nanoTime();
            }
            return place < ends.length - 1 ? ask(next, ended, ends) : CompletableFuture.completedFuture(null);
        });
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
