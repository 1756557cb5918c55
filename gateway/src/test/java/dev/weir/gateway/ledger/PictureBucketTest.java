package dev.weir.gateway.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.gateway.GatewayConfig.Results.Bucket;
import dev.weir.gateway.job.JobId;
import dev.weir.runtime.Loop;
import dev.weir.testing.FreePort;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images in a bucket of a real server, which checks signatures and stores objects as files. */
final class PictureBucketTest extends PictureStoreContract {

    private static final String NAME = "weir-images";

    @TempDir
    static Path root;

    private static S3Server server;

    private Path folder;

    @BeforeAll
    static void start() throws IOException {
        System.setProperty("aws.accessKeyId", S3Server.KEY);
        System.setProperty("aws.secretAccessKey", S3Server.SECRET);
        System.setProperty("aws.region", "us-east-1");
        Path buckets = Files.createDirectory(root.resolve("buckets"));
        Files.createDirectory(buckets.resolve(NAME));
        server = new S3Server(buckets, root.resolve("server.log"));
    }

    @AfterAll
    static void stop() {
        if (server != null) {
            server.close();
        }
        List.of("aws.accessKeyId", "aws.secretAccessKey", "aws.region").forEach(System::clearProperty);
    }

    @BeforeEach
    void newPrefix() throws IOException {
        folder = Files.createTempDirectory(root.resolve("buckets").resolve(NAME), "prefix");
    }

    @Override
    PictureStore store() {
        return store(NAME, server.endpoint());
    }

    private PictureStore store(String bucket, URI endpoint) {
        String prefix = folder.getFileName() + "/";
        return new PictureBucket(vertx, Loop.of(vertx), new Bucket(bucket, prefix, Optional.of(endpoint)), LIFE);
    }

    @Override
    Path folder() {
        return folder;
    }

    @Test
    void nothingIsStoredWhereTheServerIsGone() throws IOException {
        PictureStore gone = store(NAME, URI.create("http://127.0.0.1:" + FreePort.next()));

        assertThat(get(gone.find(record(job, "png")))).isEmpty();
        assertThatThrownBy(() -> get(gone.keep(image(job, 0, "png", 7)))).hasMessageContaining("refused");
    }

    /** Each write waits for 8 s at least, and all of them wait for each other. */
    @Test
    void anAdoptionWaitsForNoWriteOfAServerThatSaysNothing() throws Exception {
        try (ServerSocket silent = new ServerSocket(0)) {
            PictureStore store = store(NAME, URI.create("http://127.0.0.1:" + silent.getLocalPort()));
            AtomicInteger ended = new AtomicInteger();

            Map<Integer, byte[]> found = get(onLoop(() -> {
                for (int i = 0; i < 64; i++) {
                    store.keep(image(JobId.at(i, new Random(i)), 0, "png", 7))
                            .onComplete(done -> ended.incrementAndGet());
                }
                return store.find(record(job, "png", "png"));
            }));

            assertThat(found).isEmpty();
            assertThat(ended).as("writes that have ended").hasValue(0);
            assertThatThrownBy(() -> get(onLoop(() -> store.keep(image(job, 0, "png", 7)))))
                    .hasMessageContaining("64 calls wait");
        }
    }

    @Test
    void withoutCredentialsItSaysWhatToSet() {
        Map<String, String> others = Map.of(
                "aws.sharedCredentialsFile", root.resolve("none").toString(),
                "aws.configFile", root.resolve("none").toString());
        System.clearProperty("aws.secretAccessKey");
        others.forEach(System::setProperty);
        try {
            assertThatThrownBy(() -> get(store().keep(image(job, 0, "png", 7))))
                    .hasRootCauseInstanceOf(BucketClient.NoCredentialsException.class)
                    .hasMessageContaining("AWS_SECRET_ACCESS_KEY");
        } finally {
            System.setProperty("aws.secretAccessKey", S3Server.SECRET);
            others.keySet().forEach(System::clearProperty);
        }
    }

    @Test
    void aMissingBucketIsNamedByTheServer() {
        assertThatThrownBy(() -> get(store("another", server.endpoint()).keep(image(job, 0, "png", 7))))
                .hasMessageContaining("bucket does not exist");
    }
}
