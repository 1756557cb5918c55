package dev.weir.gateway.ledger;

import dev.weir.gateway.GatewayConfig.Results.Bucket;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobId;
import dev.weir.gateway.job.Picture;
import dev.weir.proto.v1.JobRecord;
import dev.weir.runtime.Loop;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Finished images in a bucket: an object for each sample, under its job's id. Event loop of the gateway; the calls of
 * the server wait on threads of their own, so that a slow server holds up nothing else.
 */
final class PictureBucket implements PictureStore {

    private static final Logger log = LoggerFactory.getLogger(PictureBucket.class);
    private static final long SWEEP_MS = 600_000;
    private static final int THREADS = 4;
    /** Images whose writes wait. The server is too slow for more, and they would fill the heap. */
    private static final int MOST_WRITES = 64;
    /** An adoption waits for the reads, and the image can be regenerated. */
    private static final Duration READ = Duration.ofSeconds(3);

    private final Loop loop;
    private final Bucket bucket;
    private final Duration life;
    private final S3Client s3;
    private final WorkerExecutor threads;
    private int writes;

    PictureBucket(Vertx vertx, Loop loop, Bucket bucket, Duration life) {
        this.loop = loop;
        this.bucket = bucket;
        this.life = life;
        this.s3 = BucketClient.of(bucket);
        // Threads with one name are shared, so that several gateways in a process have as many as one.
        this.threads = vertx.createSharedWorkerExecutor("weir-gateway-results", THREADS);
        loop.every(SWEEP_MS, this::sweep);
        call(() -> s3.headBucket(request -> request.bucket(bucket.name())))
                .onFailure(problem -> log.warn(
                        "The bucket {} for finished images does not answer. They are kept in memory only: {}",
                        bucket.name(),
                        problem.getMessage()));
    }

    @Override
    public Future<Void> keep(Completed completed) {
        Picture picture = completed.picture();
        String key = folderOf(completed.at().job())
                + PictureStore.name(completed.at().sample(), picture.format());
        if (writes >= MOST_WRITES) {
            log.warn("The image {} is not stored: the bucket is too slow", key);
            return Future.failedFuture("%d images wait for the bucket".formatted(writes));
        }
        writes++;
        return call(() -> s3.putObject(
                        request -> request.bucket(bucket.name()).key(key).contentType("image/" + picture.format()),
                        RequestBody.fromBytes(picture.bytes())))
                .onComplete(done -> writes--)
                .onFailure(problem -> log.warn("The image {} could not be stored: {}", key, problem.getMessage()));
    }

    @Override
    public Future<Map<Integer, byte[]>> find(JobRecord record) {
        Map<Integer, byte[]> found = new HashMap<>();
        List<Future<?>> reads = new ArrayList<>();
        PictureStore.formats(record)
                .forEach(
                        (sample, format) -> reads.add(read(folderOf(record.getId()) + PictureStore.name(sample, format))
                                .onSuccess(bytes -> {
                                    // An empty object is no image.
                                    if (bytes.length > 0) {
                                        found.put(sample, bytes);
                                    }
                                })));
        return Future.join(reads).transform(done -> Future.succeededFuture(found));
    }

    private Future<byte[]> read(String key) {
        return threads.executeBlocking(
                        () -> s3.getObjectAsBytes(request -> request.bucket(bucket.name())
                                        .key(key)
                                        .overrideConfiguration(limits -> limits.apiCallTimeout(READ)))
                                .asByteArrayUnsafe(),
                        false)
                .onFailure(problem -> {
                    if (!(problem instanceof NoSuchKeyException)) {
                        log.warn("The image {} could not be read: {}", key, problem.getMessage());
                    }
                });
    }

    @Override
    public Future<Void> forget(String job) {
        return remove(folderOf(job), object -> true);
    }

    @Override
    public Future<Void> forget(String job, int sample, String format) {
        String key = folderOf(job) + PictureStore.name(sample, format);
        return call(() ->
                        s3.deleteObject(request -> request.bucket(bucket.name()).key(key)))
                .onFailure(problem -> log.warn("The image {} could not be removed: {}", key, problem.getMessage()));
    }

    @Override
    public Future<Void> sweep() {
        Instant oldest = Instant.ofEpochMilli(loop.nowMs()).minus(life);
        return remove(bucket.prefix(), object -> object.lastModified().isBefore(oldest) && isImage(object.key()));
    }

    /** The bucket may have other objects. */
    private boolean isImage(String key) {
        String[] path = key.substring(bucket.prefix().length()).split("/");
        return path.length == 2 && JobId.isOne(path[0]);
    }

    private Future<Void> remove(String prefix, Predicate<S3Object> which) {
        return call(() ->
                        s3
                                .listObjectsV2Paginator(
                                        request -> request.bucket(bucket.name()).prefix(prefix))
                                .contents()
                                .stream()
                                .filter(which)
                                // One by one: the call for many needs a checksum that servers compute differently.
                                .forEach(object -> s3.deleteObject(
                                        request -> request.bucket(bucket.name()).key(object.key()))))
                .onFailure(
                        problem -> log.warn("Old images in the bucket could not be removed: {}", problem.getMessage()));
    }

    private Future<Void> call(Runnable request) {
        return threads.executeBlocking(
                () -> {
                    request.run();
                    return null;
                },
                false);
    }

    private String folderOf(String job) {
        return bucket.prefix() + job + "/";
    }
}
