package dev.weir.gateway.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.gateway.GatewayConfig.Results.Bucket;
import dev.weir.runtime.Loop;
import dev.weir.testing.FreePort;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
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
        Path buckets = Files.createDirectory(root.resolve("buckets"));
        Files.createDirectory(buckets.resolve(NAME));
        server = new S3Server(buckets, root.resolve("server.log"));
    }

    @AfterAll
    static void stop() {
        server.close();
        System.clearProperty("aws.accessKeyId");
        System.clearProperty("aws.secretAccessKey");
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
    void aServerThatIsGoneHoldsUpNobody() throws IOException {
        PictureStore gone = store(NAME, URI.create("http://127.0.0.1:" + FreePort.next()));

        assertThat(get(gone.find(record(job, "png")))).isEmpty();
        assertThatThrownBy(() -> get(gone.keep(image(job, 0, "png", 7)))).hasMessageContaining("refused");
    }

    @Test
    void aMissingBucketIsNamedByTheServer() {
        assertThatThrownBy(() -> get(store("another", server.endpoint()).keep(image(job, 0, "png", 7))))
                .hasMessageContaining("bucket does not exist");
    }
}
