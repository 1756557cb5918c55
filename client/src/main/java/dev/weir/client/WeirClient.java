package dev.weir.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;

/**
 * A client for a cluster's gateways. Thread safe: share one instance. With several gateways, a call goes to the one that answered last, and to
 * the next where that one does not answer.
 *
 * <p>A generation outlives its connection: the client reconnects, to another gateway if need be, and continues with the same job. All methods
 * throw {@link WeirException}.
 */
public final class WeirClient implements AutoCloseable {

    private static final Duration CANCEL_TIME = Duration.ofSeconds(3);
    private static final Consumer<GenerationEvent> NO_LISTENER = event -> {};

    private final Gateways gateways;
    private final Duration patience;
    private final Executor executor;
    private final Set<PursuedJob> running = ConcurrentHashMap.newKeySet();

    private WeirClient(Builder builder) {
        this.gateways = new Gateways(builder.gateways, builder.http(), builder.connectTimeout, builder.headers);
        this.patience = builder.patience;
        this.executor = builder.executor;
    }

    /**
     * A client with the default settings.
     *
     * @param gateways as {@link Builder#gateway}
     */
    public static WeirClient of(String... gateways) {
        Builder builder = builder();
        Stream.of(gateways).forEach(builder::gateway);
        return builder.build();
    }

    public static WeirClient of(URI... gateways) {
        return of(Stream.of(gateways).map(URI::toString).toArray(String[]::new));
    }

    public static Builder builder() {
        return new Builder();
    }

    /** Generates images. Blocks until all are done. An interrupt of the thread cancels the job. */
    public GenerationResult generate(ImageRequest request) {
        return generate(request, NO_LISTENER);
    }

    /**
     * Generates images and reports what happens. Blocks until all are done. An interrupt of the thread cancels the job.
     *
     * @param listener called by this thread, one event at a time. While it blocks, the gateway drops frames. Where it throws, the job is
     *     cancelled and this method throws the same.
     */
    public GenerationResult generate(ImageRequest request, Consumer<? super GenerationEvent> listener) {
        return run(new PursuedJob(gateways, patience, request, listener));
    }

    /** Generates images without blocking. To cancel the job, cancel the future. */
    public CompletableFuture<GenerationResult> generateAsync(ImageRequest request) {
        return generateAsync(request, NO_LISTENER);
    }

    /**
     * Generates images without blocking. To cancel the job, cancel the future; a timeout of the future cancels it too.
     *
     * @param listener as for {@link #generate}, called by a thread of the client's executor
     */
    public CompletableFuture<GenerationResult> generateAsync(
            ImageRequest request, Consumer<? super GenerationEvent> listener) {
        PursuedJob job = new PursuedJob(gateways, patience, request, listener);
        CompletableFuture<GenerationResult> result = new CompletableFuture<>();
        result.whenComplete((images, problem) -> job.cancel());
        executor.execute(() -> {
            try {
                result.complete(run(job));
            } catch (RuntimeException | Error e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    private GenerationResult run(PursuedJob job) {
        running.add(job);
        try {
            return job.run();
        } finally {
            running.remove(job);
        }
    }

    /** The models that the cluster serves. */
    public List<ServedModel> models() {
        return Json.read(gateways.get("/v1/models"), ServedModel.Listing.class).data();
    }

    /** Stages, nodes, queues and step times. */
    public ClusterStatus status() {
        JsonNode answer = gateways.get("/v1/cluster");
        ClusterStatus status = Json.read(answer, ClusterStatus.class);
        return new ClusterStatus(status.gateway(), status.otherGateways(), status.stages(), answer.toPrettyString());
    }

    /** Whether the gateway accepts work: some model has a live node for every stage. */
    public boolean isReady() {
        return gateways.status("/readyz") == 200;
    }

    /** Cancels what is running, and waits up to 3 seconds for that. The client may be used again. */
    @Override
    public void close() {
        List<PursuedJob> ending = new ArrayList<>(running);
        ending.forEach(PursuedJob::cancel);
        long deadline = System.nanoTime() + CANCEL_TIME.toNanos();
        try {
            for (PursuedJob job : ending) {
                job.awaitEnd(Duration.ofNanos(deadline - System.nanoTime()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Settings of a client. For one thread. */
    public static final class Builder {

        private final List<URI> gateways = new ArrayList<>();
        private final Map<String, String> headers = new LinkedHashMap<>();
        private Duration connectTimeout = Duration.ofSeconds(5);
        private Duration patience = Duration.ofSeconds(60);
        private HttpClient httpClient;
        private SSLContext tls;
        private Executor executor = Builder::startThread;

        private Builder() {}

        private static void startThread(Runnable job) {
            Thread thread = new Thread(job, "weir-client");
            thread.setDaemon(true);
            thread.start();
        }

        /**
         * Adds a gateway. Throws {@link IllegalArgumentException} where the URL is not usable.
         *
         * @param url such as {@code https://weir.example.org} or {@code http://10.0.0.7:8080/images}. A slash or {@code /v1} at the end
         *     and a missing {@code http://} are accepted.
         */
        public Builder gateway(String url) {
            gateways.add(GatewayUrl.parse(url));
            return this;
        }

        /**
         * The key of a gateway that asks for one, for every request. Throws {@link IllegalArgumentException} if no header may have it. The
         * message does not contain it.
         */
        public Builder apiKey(String key) {
            if (!key.matches("[\\x21-\\x7e]+")) {
                throw new IllegalArgumentException("an API key has visible ASCII characters only");
            }
            return header("Authorization", "Bearer " + key);
        }

        /** A header for every request, such as {@code Authorization} for a proxy in front of the gateway. */
        public Builder header(String name, String value) {
            headers.put(name, value);
            return this;
        }

        /** How long to wait for a connection. Default: 5 seconds. */
        public Builder connectTimeout(Duration timeout) {
            this.connectTimeout = timeout;
            return this;
        }

        /** How long a generation tries again while no gateway answers for its job. Default: 60 seconds. */
        public Builder patience(Duration patience) {
            this.patience = patience;
            return this;
        }

        /**
         * Trusts the certificates of a file and no others: for a gateway whose certificate is self-signed, or of an authority that the JDK
         * does not trust. A certificate must still name the gateway's host. Throws {@link IllegalArgumentException} if the file has none.
         *
         * @param pem of the gateway itself or of its authority
         */
        public Builder trust(Path pem) {
            this.tls = Trust.of(pem);
            return this;
        }

        /** An HTTP client of your own, for example with a TLS context or a proxy. Its own connect timeout applies to plain requests. */
        public Builder httpClient(HttpClient client) {
            this.httpClient = client;
            return this;
        }

        /** Runs {@code generateAsync}: one blocked thread for each job. Default: a new daemon thread for each. */
        public Builder executor(Executor executor) {
            this.executor = executor;
            return this;
        }

        private HttpClient http() {
            if (httpClient != null) {
                return httpClient;
            }
            HttpClient.Builder http =
                    HttpClient.newBuilder().connectTimeout(connectTimeout).version(HttpClient.Version.HTTP_1_1);
            SSLContext context =
                    gateways.stream().allMatch(url -> url.getScheme().equals("http")) ? NoTls.context() : tls;
            return context == null ? http.build() : http.sslContext(context).build();
        }

        public WeirClient build() {
            if (gateways.isEmpty()) {
                throw new IllegalArgumentException("a client needs the URL of a gateway");
            }
            return new WeirClient(this);
        }
    }
}
