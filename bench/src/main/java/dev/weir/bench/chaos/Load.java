package dev.weir.bench.chaos;

import dev.weir.bench.cluster.JobClient;
import dev.weir.bench.cluster.JobRequest;
import dev.weir.bench.cluster.JobRun;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Concurrent clients, each of which requests one job after the other, with a pause in between. One thread each. */
final class Load implements AutoCloseable {

    private static final int MOST_PAUSE_MS = 1000;
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    private final ExecutorService clients;
    private volatile boolean stopping;

    private Load(int clients) {
        this.clients = Executors.newFixedThreadPool(clients);
    }

    /** @param ended called on a client's thread with each finished job */
    static Load start(int count, List<URI> gateways, List<JobRequest> requests, long seed, Consumer<JobRun> ended) {
        Load load = new Load(count);
        for (int i = 0; i < count; i++) {
            Random random = new Random(seed + i);
            JobClient client = new JobClient(gateways, random, PATIENCE);
            load.clients.execute(() -> load.ask(client, requests, random, ended));
        }
        return load;
    }

    private void ask(JobClient client, List<JobRequest> requests, Random random, Consumer<JobRun> ended) {
        try {
            while (!stopping) {
                ended.accept(client.run(requests.get(random.nextInt(requests.size()))));
                TimeUnit.MILLISECONDS.sleep(random.nextInt(MOST_PAUSE_MS));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Returns when the requested jobs have ended. */
    void finish() throws InterruptedException {
        stopping = true;
        clients.shutdown();
        if (!clients.awaitTermination(2 * PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw new IllegalStateException("clients wait beyond their patience of " + PATIENCE);
        }
    }

    @Override
    public void close() {
        stopping = true;
        clients.shutdownNow();
    }
}
