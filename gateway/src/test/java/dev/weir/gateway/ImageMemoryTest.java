package dev.weir.gateway;

import static dev.weir.gateway.AttachmentsTest.PHOTO;
import static dev.weir.gateway.AttachmentsTest.photo;
import static dev.weir.gateway.AttachmentsTest.request;
import static dev.weir.gateway.AttachmentsTest.upload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.GatewayConfig.Limits;
import dev.weir.gateway.TestStage.Sitting;
import dev.weir.runtime.memory.MemoryArea;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How much room the images of requests take, and how long. */
final class ImageMemoryTest {

    private TestGateway gateway;

    @AfterEach
    void close() {
        gateway.close();
    }

    @Test
    void theImagesOfAFinishedJobAreForgottenOnceItsPictureIsDecodedWithoutThem() {
        gateway = new TestGateway();
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.checkpoint(ResumingTest.snapshot(2, 0));
            sitting.finish();
        });

        String job = finished();

        assertThat(gateway.stage.sittings().get(0).tensors).hasSize(1);
        await().until(() -> storedImages().isEmpty());
        assertThat(gateway.ask(jobs -> gateway.keptJob(job)).spec().attachments())
                .isEmpty();
    }

    @Test
    void theImagesThatAPictureWouldBeMadeFromAgainCountAsPartOfTheFinishedJob() {
        long twoJobs = 2L * (PHOTO.length + TestStage.IMAGE.length);
        gateway = new TestGateway(TestGateway.CONFIG.with(Limits.DEFAULT.withKept(1000, twoJobs)));
        gateway.stage.script(Sitting::paint);

        String first = finished();
        String second = finished();
        String third = finished();

        await().until(() -> gateway.kept() == 2);
        await().until(() -> storedImages().equals(Set.of("init_image@" + second, "init_image@" + third)));
        assertThat(gateway.fetch("/v1/jobs/" + first).statusCode()).isEqualTo(410);
    }

    @Test
    void theUploadsOfAllSocketsCountTogetherUntilTheyAreGone() {
        int message = upload("a", PHOTO).length();
        gateway = new TestGateway(TestGateway.CONFIG.with(Limits.DEFAULT.withAttachments(5L * message)));
        gateway.stage.script(Sitting::paint);
        try (TestSocket second = new TestSocket(gateway.vertx, gateway.port())) {
            try (TestSocket first = new TestSocket(gateway.vertx, gateway.port())) {
                for (String name : List.of("a", "b", "b")) {
                    TestGateway.get(first.socket.writeBinaryMessage(upload(name, PHOTO)));
                }
                first.generate("first", new JsonObject().put("init_image", "upload:b"));
                first.awaitType("completed");
                assertThat(first.events("error")).isEmpty();

                TestGateway.get(second.socket.writeBinaryMessage(upload("c", PHOTO)));
                second.generate("refused", new JsonObject().put("init_image", "upload:c"));
                await().until(() -> second.events("error").size() == 2);
                assertThat(second.events("error"))
                        .extracting(event -> event.getJsonObject("error").getString("code"))
                        .containsExactly("too_many_attachments", "unknown_upload");
            }
            await().until(() -> gateway.sockets() == 1);

            TestGateway.get(second.socket.writeBinaryMessage(upload("c", PHOTO)));
            second.generate("second", new JsonObject().put("init_image", "upload:c"));
            second.awaitType("completed");
        }
    }

    @Test
    void theImagesOfJobsThatAreNotKeptCountUntilTheirEnd() {
        gateway = new TestGateway(TestGateway.CONFIG.with(Limits.DEFAULT.withAttachments(2L * PHOTO.length)));
        gateway.stage.script(Sitting::start);
        JsonObject request = request().put("init_image", photo());
        List<CompletableFuture<HttpResponse<String>>> running = Stream.of(request, request)
                .map(body -> CompletableFuture.supplyAsync(() -> gateway.generate(body)))
                .toList();
        await().until(() -> gateway.stage.sittings().size() == 2);

        HttpResponse<String> refused = gateway.generate(request);

        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.body()).contains("too_many_attachments");
        gateway.stage.script(Sitting::paint);
        assertThat(gateway.generate(request()).statusCode())
                .as("without an image")
                .isEqualTo(200);
        gateway.stage.sittings().subList(0, 2).forEach(Sitting::paint);
        running.forEach(answer -> assertThat(answer.join().statusCode()).isEqualTo(200));
        assertThat(gateway.generate(request).statusCode()).isEqualTo(200);
    }

    /** The id of a job with an image, once it is done. */
    private String finished() {
        HttpResponse<String> accepted = gateway.send(
                gateway.post("/v1/jobs", request().put("init_image", photo()).encode()));
        String job = new JsonObject(accepted.body()).getString("id");
        await().until(
                        () -> new JsonObject(gateway.fetch("/v1/jobs/" + job).body()).getString("status"),
                        "completed"::equals);
        return job;
    }

    private Set<String> storedImages() {
        return TestGateway.get(gateway.memory.map(MemoryArea.ATTACHMENTS).keys());
    }
}
