package dev.weir.gateway;

import static dev.weir.gateway.AttachmentsTest.PHOTO;
import static dev.weir.gateway.AttachmentsTest.photo;
import static dev.weir.gateway.AttachmentsTest.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.GatewayConfig.Limits;
import dev.weir.gateway.TestStage.Sitting;
import dev.weir.runtime.memory.MemoryArea;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.util.Set;
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
