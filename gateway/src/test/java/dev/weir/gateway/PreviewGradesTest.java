package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Preview.Grade;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.bus.Addresses;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How frames are decoded: what models offer, and what requests get. */
final class PreviewGradesTest {

    private final TestGateway gateway = new TestGateway();

    @BeforeEach
    void serve() {
        for (StageKind kind : List.of(StageKind.TEXT_ENCODER, StageKind.DENOISER, StageKind.DECODER)) {
            NodeStatus.Builder status = TestGateway.status(kind);
            add(status, "all", Grade.LATENT_RGB, Grade.TAESD, Grade.VAE);
            add(status, "matrix", Grade.LATENT_RGB, Grade.VAE);
            add(status, "tiny-vae", Grade.TAESD, Grade.VAE);
            add(status, "exact", Grade.VAE);
            gateway.directory.put(status.build());
        }
    }

    private static void add(NodeStatus.Builder status, String model, Grade... grades) {
        status.addModels(ModelStatus.newBuilder()
                .setId(model)
                .addStages(Addresses.name(status.getStage()))
                .setCard(TestGateway.CARD.toBuilder().setId(model).addAllPreviews(List.of(grades))));
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    /** The last model has nodes of an earlier version, which say nothing. */
    @ParameterizedTest
    @CsvSource({
        "all,taesd,TAESD",
        "all,latent_rgb,LATENT_RGB",
        "all,vae,VAE",
        "all,,LATENT_RGB",
        "tiny-vae,,TAESD",
        "tiny-vae,latent_rgb,TAESD",
        "exact,latent_rgb,VAE",
        "exact,,VAE",
        "tiny,,LATENT_RGB",
        "tiny,latent_rgb,LATENT_RGB",
        "tiny,vae,VAE"
    })
    void aJobsFramesAreOfTheGradeAskedForOrTheNextThatTheModelHas(String model, String asked, Grade expected) {
        JsonObject preview = new JsonObject().put("every_steps", 1);
        if (asked != null) {
            preview.put("grade", asked);
        }
        HttpResponse<String> response = gateway.send(gateway.post(
                "/v1/jobs",
                new JsonObject()
                        .put("prompt", "a")
                        .put("model", model)
                        .put("preview", preview)
                        .encode()));

        assertThat(response.statusCode()).as(response.body()).isEqualTo(202);
        assertThat(lastGrade()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"all,taesd,TAESD", "all,latent_rgb,LATENT_RGB", "all,,VAE"})
    void partialImagesAreOfTheModelsOwnDecoderUnlessAskedOtherwise(String model, String asked, Grade expected) {
        JsonObject body = new JsonObject()
                .put("prompt", "a")
                .put("model", model)
                .put("stream", true)
                .put("partial_images", 2);
        if (asked != null) {
            body.put("partial_images_grade", asked);
        }

        assertThat(gateway.generate(body).statusCode()).isEqualTo(200);
        assertThat(lastGrade()).isEqualTo(expected);
    }

    /** The safety checker looks at what decoders make, and not at what the matrix does. */
    @ParameterizedTest
    @CsvSource({"latent_rgb,VAE", "taesd,TAESD", "vae,VAE"})
    void framesThatACheckerMayMakeBlackAreMadeByADecoder(String asked, Grade expected) {
        NodeStatus.Builder decoder = TestGateway.status(StageKind.DECODER).clearModels();
        add(decoder, "all", Grade.LATENT_RGB, Grade.TAESD, Grade.VAE);
        decoder.getModelsBuilder(0).setBlanks(true);
        gateway.directory.put(decoder.build());

        JsonObject preview = new JsonObject().put("every_steps", 1).put("grade", asked);
        gateway.send(gateway.post(
                "/v1/jobs",
                new JsonObject()
                        .put("prompt", "a")
                        .put("model", "all")
                        .put("preview", preview)
                        .encode()));

        assertThat(lastGrade()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"matrix,'latent_rgb, vae'", "exact,vae", "tiny,'latent_rgb, vae'"})
    void aTinyAutoencoderThatTheModelLacksIsRefusedWithWhatToDo(String model, String has) {
        JsonObject apple = new JsonObject().put("prompt", "a").put("model", model);
        JsonObject job = error(gateway.send(gateway.post(
                "/v1/jobs",
                apple.copy()
                        .put("preview", new JsonObject().put("grade", "taesd"))
                        .encode())));
        JsonObject images = error(gateway.generate(
                apple.put("stream", true).put("partial_images", 1).put("partial_images_grade", "taesd")));

        assertThat(job.getString("param")).isEqualTo("preview.grade");
        assertThat(images.getString("param")).isEqualTo("partial_images_grade");
        for (JsonObject error : List.of(job, images)) {
            assertThat(error.getString("code")).isEqualTo("unsupported_value");
            assertThat(error.getString("message"))
                    .contains("\"" + model + "\" has no tiny autoencoder. It has " + has + ".", "--taesd");
        }
    }

    @Test
    void aGradeThatNobodyKnowsIsRefusedWithThoseThatAre() {
        JsonObject error = error(gateway.send(gateway.post(
                "/v1/jobs",
                new JsonObject()
                        .put("prompt", "a")
                        .put("preview", new JsonObject().put("grade", "best"))
                        .encode())));

        assertThat(error.getString("message")).contains("must be one of [latent_rgb, taesd, vae], not \"best\"");
    }

    @Test
    void modelsTellTheirGrades() {
        assertThat(grades("all")).containsExactly("latent_rgb", "taesd", "vae");
        assertThat(grades("tiny-vae")).containsExactly("taesd", "vae");
        assertThat(grades("tiny")).containsExactly("latent_rgb", "vae");
    }

    /** A frame may come to any decoder. */
    @Test
    void aTinyAutoencoderIsOfferedWhereEveryDecoderHasOne() {
        NodeStatus.Builder second = TestGateway.status(StageKind.DECODER)
                .setNodeId("node-b")
                .setAddress("elsewhere")
                .clearModels();
        add(second, "all", Grade.LATENT_RGB, Grade.VAE);
        add(second, "matrix", Grade.LATENT_RGB, Grade.TAESD, Grade.VAE);
        gateway.directory.put(second.build());
        assertThat(grades("all")).containsExactly("latent_rgb", "vae");
        assertThat(grades("matrix")).containsExactly("latent_rgb", "vae");

        NodeStatus.Builder first = TestGateway.status(StageKind.DECODER).clearModels();
        add(first, "matrix", Grade.LATENT_RGB, Grade.TAESD, Grade.VAE);
        gateway.directory.put(first.build());
        assertThat(grades("matrix")).as("the denoiser's node has none").containsExactly("latent_rgb", "taesd", "vae");
    }

    private List<String> grades(String model) {
        JsonArray grades = new JsonObject(gateway.fetch("/v1/models/" + model).body()).getJsonArray("preview_grades");
        return grades.stream().map(String::valueOf).toList();
    }

    private Grade lastGrade() {
        await().until(() -> !gateway.stage.sittings().isEmpty());
        return gateway.stage
                .sittings()
                .get(gateway.stage.sittings().size() - 1)
                .task
                .getPreview()
                .getGrade();
    }

    private static JsonObject error(HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        return new JsonObject(response.body()).getJsonObject("error");
    }
}
