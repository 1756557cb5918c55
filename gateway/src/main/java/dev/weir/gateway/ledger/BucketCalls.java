package dev.weir.gateway.ledger;

import dev.weir.gateway.GatewayConfig.Results.Bucket;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;

/**
 * Calls a bucket's server on threads that wait for it: those that read have nothing else to do, so that no write delays
 * an adoption. Event loop of the gateway.
 */
final class BucketCalls {

    private static final int THREADS = 4;

    private final BucketClient client;
    private final String name;
    private final Duration longestRead;
    /** Threads with one name are shared, so that several gateways in a process have as many as one. */
    private final WorkerExecutor readers;

    private final WorkerExecutor writers;

    /** @param longestRead after which nobody waits for what is read */
    BucketCalls(Vertx vertx, Bucket bucket, Duration longestRead) {
        this.client = new BucketClient(bucket);
        this.name = bucket.name();
        this.longestRead = longestRead;
        this.readers = vertx.createSharedWorkerExecutor("weir-gateway-results-read", THREADS);
        this.writers = vertx.createSharedWorkerExecutor("weir-gateway-results", THREADS);
    }

    Future<byte[]> read(String key) {
        long until = System.nanoTime() + longestRead.toNanos();
        GetObjectRequest request = GetObjectRequest.builder()
                .bucket(name)
                .key(key)
                .overrideConfiguration(limits -> limits.apiCallTimeout(longestRead))
                .build();
        Callable<byte[]> read = () -> {
            if (System.nanoTime() - until > 0) {
                throw new IllegalStateException("the bucket is too slow");
            }
            return client.get().getObjectAsBytes(request).asByteArrayUnsafe();
        };
        return readers.executeBlocking(read, false);
    }

    /** Everything that is not read. */
    Future<Void> call(Consumer<S3Client> request) {
        Callable<Void> call = () -> {
            request.accept(client.get());
            return null;
        };
        return writers.executeBlocking(call, false);
    }

    /** On a thread that may wait: another one may be making the client. */
    Future<Void> close() {
        Callable<Void> close = () -> {
            client.close();
            return null;
        };
        return writers.executeBlocking(close, false).eventually(readers::close).eventually(writers::close);
    }
}
