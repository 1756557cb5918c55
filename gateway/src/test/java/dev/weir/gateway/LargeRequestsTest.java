package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.gateway.http.ReadingThreads;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.json.JsonObject;
import java.awt.image.BufferedImage;
import java.net.http.HttpResponse;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Requests that take long to read keep no other waiting. */
final class LargeRequestsTest {

    private TestGateway gateway;

    @BeforeEach
    void open() {
        gateway = new TestGateway();
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    @Test
    void othersAreAnsweredWhileALargeRequestAndAnUploadAreRead() {
        WorkerExecutor threads = gateway.vertx.createSharedWorkerExecutor(ReadingThreads.NAME, ReadingThreads.THREADS);
        CountDownLatch held = new CountDownLatch(1);
        try (TestSocket sender = new TestSocket(gateway.vertx, gateway.port());
                TestSocket other = new TestSocket(gateway.vertx, gateway.port())) {
            for (int i = 0; i < ReadingThreads.THREADS; i++) {
                threads.executeBlocking(
                        () -> {
                            held.await();
                            return null;
                        },
                        false);
            }
            JsonObject body = AttachmentsTest.request().put("init_image", AttachmentsTest.base64(noise()));
            CompletableFuture<HttpResponse<String>> large = CompletableFuture.supplyAsync(() -> gateway.generate(body));
            TestGateway.get(sender.socket.writeBinaryMessage(AttachmentsTest.upload("photo", AttachmentsTest.PHOTO)));
            sender.generate("job", new JsonObject().put("init_image", "upload:photo"));

            for (int i = 0; i < 10; i++) {
                assertThat(gateway.generate(AttachmentsTest.request()).statusCode())
                        .isEqualTo(200);
            }
            other.generate("small", new JsonObject());
            other.awaitType("completed");
            assertThat(large).isNotDone();
            assertThat(sender.events("completed")).isEmpty();
            assertThat(sender.events("error"))
                    .as("the command waits for the upload before it")
                    .isEmpty();

            held.countDown();
            assertThat(large.join().statusCode()).as(large.join().body()).isEqualTo(200);
            sender.awaitType("completed");
        } finally {
            held.countDown();
            threads.close();
        }
    }

    /** A file that is too large to be read at once. */
    private static byte[] noise() {
        BufferedImage noise = new BufferedImage(300, 300, BufferedImage.TYPE_INT_RGB);
        Random random = new Random(1);
        for (int i = 0; i < 300 * 300; i++) {
            noise.setRGB(i % 300, i / 300, random.nextInt());
        }
        return AttachmentsTest.file(noise, "png");
    }
}
