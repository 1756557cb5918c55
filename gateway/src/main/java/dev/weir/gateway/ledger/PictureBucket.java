package dev.weir.gateway.ledger;

import dev.weir.gateway.GatewayConfig.Results.Bucket;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobId;
import dev.weir.gateway.job.Picture;
import dev.weir.gateway.ledger.BucketClient.NoCredentialsException;
import dev.weir.proto.v1.JobRecord;
import dev.weir.runtime.Loop;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Object;

/** Finished images in a bucket: an object for each sample, under its job's id. Event loop of the gateway. */
final class PictureBucket implements PictureStore {

    private static final Logger log = LoggerFactory.getLogger(PictureBucket.class);
    private static final long SWEEP_MS = 600_000;
    /** Images whose writes wait. The server is too slow for more, and they would fill the heap. */
    private static final int MOST_WRITES = 64;
    /** With the deletions. The sweep removes what more of them would. */
    private static final int MOST_CALLS = 512;
    /** An adoption waits for the reads, and the image can be regenerated. */
    private static final Duration READ = Duration.ofSeconds(3);

    private final Loop loop;
    private final Bucket bucket;
    private final Duration life;
    private final BucketCalls calls;
    private final InOrder ordered = new InOrder();
    private int waiting;
    private boolean sweeping;
    private boolean lacksCredentials;

    PictureBucket(Vertx vertx, Loop loop, Bucket bucket, Duration life) {
        this.loop = loop;
        this.bucket = bucket;
        this.life = life;
        this.calls = new BucketCalls(vertx, bucket, READ);
        loop.every(SWEEP_MS, this::sweep);
        calls.call(s3 -> s3.headBucket(request -> request.bucket(bucket.name())))
                .onFailure(problem -> warn("Finished images are in memory only until the bucket answers", problem));
    }

    @Override
    public Future<Void> keep(Completed completed) {
        String job = completed.at().job();
        Picture picture = completed.picture();
        String key = key(job, completed.at().sample(), picture.format());
        return call(
                        job,
                        MOST_WRITES,
                        s3 -> s3.putObject(
                                request ->
                                        request.bucket(bucket.name()).key(key).contentType(picture.mediaType()),
                                RequestBody.fromBytes(picture.bytes())))
                .onFailure(problem -> warn("The image %s could not be stored".formatted(key), problem));
    }

    @Override
    public Future<Map<Integer, byte[]>> find(JobRecord record) {
        Map<Integer, byte[]> found = new HashMap<>();
        List<Future<?>> reads = new ArrayList<>();
        PictureStore.formats(record)
                .forEach((sample, format) ->
                        reads.add(read(key(record.getId(), sample, format)).onSuccess(bytes -> {
                            // An empty object is no image.
                            if (bytes.length > 0) {
                                found.put(sample, bytes);
                            }
                        })));
        return loop.await(Future.join(reads), READ).map(done -> Map.copyOf(found));
    }

    private Future<byte[]> read(String key) {
        return calls.read(key).onFailure(problem -> {
            if (!(problem instanceof NoSuchKeyException)) {
                warn("The image %s could not be read".formatted(key), problem);
            }
        });
    }

    @Override
    public Future<Void> forget(String job) {
        return call(job, MOST_CALLS, s3 -> remove(s3, folderOf(job), object -> true))
                .onFailure(problem -> warn("The images of %s could not be removed".formatted(job), problem));
    }

    @Override
    public Future<Void> forget(String job, int sample, String format) {
        String key = key(job, sample, format);
        return call(job, MOST_CALLS, s3 -> remove(s3, key))
                .onFailure(problem -> warn("The image %s could not be removed".formatted(key), problem));
    }

    @Override
    public Future<Void> sweep() {
        if (sweeping) {
            return Future.succeededFuture();
        }
        sweeping = true;
        Instant oldest = Instant.ofEpochMilli(loop.nowMs()).minus(life);
        return calls.call(s3 -> remove(
                        s3, bucket.prefix(), object -> object.lastModified().isBefore(oldest) && isImage(object.key())))
                .onComplete(done -> sweeping = false)
                .onFailure(problem -> warn("Old images could not be removed", problem));
    }

    @Override
    public Future<Void> close() {
        return loop.await(ordered.settled().compose(done -> calls.close()), LAST_WRITES);
    }

    /** The bucket may have other objects. */
    private boolean isImage(String key) {
        String[] path = key.substring(bucket.prefix().length()).split("/");
        return path.length == 2 && JobId.isOne(path[0]);
    }

    private void remove(S3Client s3, String prefix, Predicate<S3Object> which) {
        s3.listObjectsV2Paginator(request -> request.bucket(bucket.name()).prefix(prefix)).contents().stream()
                .filter(which)
                // One by one: the call for many needs a checksum that servers compute differently.
                .forEach(object -> remove(s3, object.key()));
    }

    private void remove(S3Client s3, String key) {
        s3.deleteObject(request -> request.bucket(bucket.name()).key(key));
    }

    /** After what was asked for the job before. @param most how many calls may wait */
    private Future<Void> call(String job, int most, Consumer<S3Client> request) {
        if (waiting >= most) {
            return Future.failedFuture("it is too slow, %d calls wait for it".formatted(waiting));
        }
        waiting++;
        return ordered.of(job, () -> calls.call(request)).onComplete(done -> waiting--);
    }

    /** That there are no credentials is said once. */
    private void warn(String what, Throwable problem) {
        boolean lacks = problem instanceof NoCredentialsException;
        if (!lacks || !lacksCredentials) {
            log.warn("{} (bucket {}): {}", what, bucket.name(), problem.getMessage());
        }
        lacksCredentials = lacks;
    }

    private String key(String job, int sample, String format) {
        return folderOf(job) + PictureStore.name(sample, format);
    }

    private String folderOf(String job) {
        return bucket.prefix() + job + "/";
    }
}
