package dev.weir.bench.server;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** Sends requests to one server and measures its answers. Each request has a thread while it waits. */
final class Client implements AutoCloseable {

    /** A server that is stuck ends the benchmark. */
    private static final Duration LONGEST = Duration.ofMinutes(10);

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final URI images;

    Client(URI server) {
        this.images = server.resolve("/v1/images/generations");
    }

    /** So many clients ask for one picture after the other, until the time is over; what they wait for then still counts. */
    Latencies closedLoop(int clients, double seconds, AtomicInteger numbers) throws InterruptedException {
        long begin = System.nanoTime();
        List<Future<List<Answer>>> all = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            all.add(threads.submit(() -> {
                List<Answer> answers = new ArrayList<>();
                while (since(begin) < seconds) {
                    answers.add(send(Ask.usual(numbers.getAndIncrement()), System.nanoTime()));
                }
                return answers;
            }));
        }
        List<Answer> answers = new ArrayList<>();
        for (var client : all) {
            answers.addAll(get(client));
        }
        return new Latencies(answers, since(begin));
    }

    /** Sends each request of a trace at its time, whatever the server has answered until then. */
    Latencies trace(List<Ask> trace) throws InterruptedException {
        long begin = System.nanoTime();
        List<Future<Answer>> all = new ArrayList<>();
        for (Ask ask : trace) {
            TimeUnit.NANOSECONDS.sleep(begin + (long) (1e9 * ask.seconds()) - System.nanoTime());
            all.add(threads.submit(() -> send(ask, begin + (long) (1e9 * ask.seconds()))));
        }
        List<Answer> answers = new ArrayList<>();
        for (var answer : all) {
            answers.add(get(answer));
        }
        return new Latencies(answers, since(begin));
    }

    private static <T> T get(Future<T> future) throws InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause().getMessage(), e);
        }
    }

    /** A stream of events has a line of each frame. Without one, the picture is the first that a client sees. */
    private Answer send(Ask ask, long begin) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(images)
                .header("Content-Type", "application/json")
                .timeout(LONGEST)
                .POST(BodyPublishers.ofString(ask.body()))
                .build();
        HttpResponse<Stream<String>> response = http.send(request, BodyHandlers.ofLines());
        double frame = Double.NaN;
        String picture = "";
        try (Stream<String> lines = response.body()) {
            for (Iterator<String> line = lines.iterator(); line.hasNext(); ) {
                String text = line.next();
                if (text.contains("b64_json")) {
                    frame = Double.isNaN(frame) ? since(begin) : frame;
                    picture = text;
                }
            }
        }
        if (response.statusCode() != 200 || picture.isEmpty() || picture.contains("partial_image")) {
            throw new IOException("%s answered %d without a picture".formatted(images, response.statusCode()));
        }
        return new Answer(frame, since(begin));
    }

    private static double since(long begin) {
        return (System.nanoTime() - begin) / 1e9;
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
