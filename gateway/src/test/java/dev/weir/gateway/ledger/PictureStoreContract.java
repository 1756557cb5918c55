package dev.weir.gateway.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Moment;
import dev.weir.gateway.job.JobId;
import dev.weir.gateway.job.Picture;
import dev.weir.proto.v1.JobEventRecord;
import dev.weir.proto.v1.JobEventRecord.Image;
import dev.weir.proto.v1.JobRecord;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What every store of finished images does. Each keeps them as files under a folder, so that tests see what is there. */
abstract class PictureStoreContract {

    static final Duration LIFE = Duration.ofMinutes(25);

    final Vertx vertx = Vertx.vertx();
    final String job = JobId.at(1000, new Random(1));

    @AfterEach
    void close() {
        vertx.close();
    }

    /** A store of another gateway with the same images. */
    abstract PictureStore store();

    /** Where the folders of jobs are. */
    abstract Path folder();

    static Completed image(String job, int sample, String format, int... bytes) {
        byte[] file = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            file[i] = (byte) bytes[i];
        }
        Picture picture = new Picture(format, 1, 1, file, false);
        return new Completed(new Moment(job, sample, 1, 0, 1, 1, 1), picture, List.of(), 1);
    }

    static JobRecord record(String job, String... formats) {
        JobRecord.Builder record = JobRecord.newBuilder().setId(job);
        for (int sample = 0; sample < formats.length; sample++) {
            record.addEvents(JobEventRecord.newBuilder()
                    .setSample(sample)
                    .setCompleted(JobEventRecord.Completed.newBuilder()
                            .setImage(Image.newBuilder().setFormat(formats[sample]))));
        }
        return record.build();
    }

    static <T> T get(Future<T> future) {
        return future.toCompletionStage().toCompletableFuture().join();
    }

    private List<Path> all() throws IOException {
        if (Files.notExists(folder())) {
            return List.of();
        }
        try (Stream<Path> found = Files.walk(folder())) {
            return found.filter(Files::isRegularFile).toList();
        }
    }

    @Test
    void anotherGatewayFindsWhatOneKept() {
        get(store().keep(image(job, 0, "png", 7)));
        get(store().keep(image(job, 1, "webp", 8, 9)));
        PictureStore other = store();

        Map<Integer, byte[]> found = get(other.find(record(job, "png", "webp", "jpeg")));

        assertThat(found).containsOnlyKeys(0, 1);
        assertThat(found.get(0)).containsExactly(7);
        assertThat(found.get(1)).containsExactly(8, 9);
    }

    @Test
    void anImageThatLostItsContentIsNone() throws Exception {
        get(store().keep(image(job, 0, "png", 7)));
        Files.write(folder().resolve(job).resolve("0.png"), new byte[0]);

        assertThat(get(store().find(record(job, "png")))).isEmpty();
    }

    @Test
    void filesGoWithTheirJob() throws Exception {
        PictureStore store = store();
        get(store.keep(image(job, 0, "png", 7)));
        assertThat(folder().resolve(job).resolve("0.png")).exists();

        get(store.forget(job));

        assertThat(all()).isEmpty();
    }

    @Test
    void oneImageGoesAlone() throws Exception {
        PictureStore store = store();
        get(store.keep(image(job, 0, "png", 7)));
        get(store.keep(image(job, 1, "webp", 8)));

        get(store.forget(job, 0, "png"));

        assertThat(all()).containsExactly(folder().resolve(job).resolve("1.webp"));
    }

    /** As it happens where a client deletes an image as soon as it is there. */
    @Test
    void aDeletionFollowsTheWritesBeforeIt() throws Exception {
        PictureStore store = store();
        String other = JobId.at(1000, new Random(3));

        get(onLoop(() -> {
            for (String name : List.of(job, other)) {
                store.keep(image(name, 0, "png", new int[100_000]));
                store.keep(image(name, 1, "png", new int[100_000]));
            }
            return Future.join(store.forget(job), store.forget(other, 0, "png"), store.keep(image(other, 2, "png", 7)));
        }));

        assertThat(all())
                .containsExactlyInAnyOrder(
                        folder().resolve(other).resolve("1.png"),
                        folder().resolve(other).resolve("2.png"));
    }

    @Test
    void aStoreThatClosesHasWrittenWhatItWasGiven() throws Exception {
        PictureStore store = store();

        get(onLoop(() -> {
            for (int sample = 0; sample < 8; sample++) {
                store.keep(image(job, sample, "png", new int[100_000]));
            }
            return store.close();
        }));

        assertThat(all()).hasSize(8).allMatch(file -> file.toFile().length() == 100_000);
    }

    <T> Future<T> onLoop(Supplier<Future<T>> work) {
        Promise<T> done = Promise.promise();
        vertx.runOnContext(begun -> work.get().onComplete(done));
        return done.future();
    }

    @Test
    void whatIsLeftOfLostGatewaysIsRemovedAndNothingElse() throws Exception {
        String young = JobId.at(2000, new Random(2));
        for (String name : List.of(job, young, "mine")) {
            get(store().keep(image(name, 0, "png", 7)));
        }
        FileTime old = FileTime.from(Instant.now().minus(LIFE).minusSeconds(60));
        for (String name : List.of(job, "mine")) {
            Files.setLastModifiedTime(folder().resolve(name).resolve("0.png"), old);
            Files.setLastModifiedTime(folder().resolve(name), old);
        }

        get(store().sweep());

        assertThat(all())
                .containsExactlyInAnyOrder(
                        folder().resolve(young).resolve("0.png"),
                        folder().resolve("mine").resolve("0.png"));
    }

    @Test
    void aFormatCannotLeaveTheFolder() throws Exception {
        get(store().keep(image(job, 0, "/../../png", 7)));

        assertThat(all()).isNotEmpty().allMatch(file -> file.startsWith(folder().resolve(job)));
    }
}
