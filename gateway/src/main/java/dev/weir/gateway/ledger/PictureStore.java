package dev.weir.gateway.ledger;

import dev.weir.gateway.GatewayConfig.Results;
import dev.weir.gateway.GatewayConfig.Results.Bucket;
import dev.weir.gateway.GatewayConfig.Results.Folder;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.proto.v1.JobEventRecord;
import dev.weir.proto.v1.JobRecord;
import dev.weir.runtime.Loop;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Finished images outside of a gateway's memory, which other gateways may share. They are removed with their jobs.
 * Nobody waits for a write: without a stored image, the image is regenerated. A deletion follows the writes that were
 * asked for before it. Event loop of the gateway.
 */
interface PictureStore {

    /** A gateway that ends waits no longer for its writes. */
    Duration LAST_WRITES = Duration.ofSeconds(5);

    /** @param life after which a job's images are removed, even if no gateway knows the job any more */
    static PictureStore of(Results place, Vertx vertx, Loop loop, Duration life) {
        // A sealed type in Java 17: no switch over its kinds yet.
        if (place instanceof Bucket bucket) {
            return new PictureBucket(vertx, loop, bucket, life);
        }
        return new PictureFiles(vertx.fileSystem(), loop, ((Folder) place).path(), life);
    }

    /** Completes when the image is stored. A failure has been logged. */
    Future<Void> keep(Completed completed);

    /** The stored images of a job, by sample. What cannot be read is left out. */
    Future<Map<Integer, byte[]>> find(JobRecord record);

    /** Removes a job's images. */
    Future<Void> forget(String job);

    /** Removes one image of a job. */
    Future<Void> forget(String job, int sample, String format);

    /** Removes what gateways left that are gone. */
    Future<Void> sweep();

    /** Completes when what was asked for before is done, or after a while. The store must not be used afterwards. */
    Future<Void> close();

    /** The formats of a job's finished images, by sample. */
    static Map<Integer, String> formats(JobRecord record) {
        return record.getEventsList().stream()
                .filter(JobEventRecord::hasCompleted)
                .collect(Collectors.toMap(
                        JobEventRecord::getSample,
                        told -> told.getCompleted().getImage().getFormat(),
                        (before, last) -> last));
    }

    /** The name of an image among those of its job. */
    static String name(int sample, String format) {
        return sample + "." + format.replaceAll("[^a-z]", "");
    }
}
