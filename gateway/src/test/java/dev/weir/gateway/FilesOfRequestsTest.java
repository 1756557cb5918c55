package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.TestStage.Sitting;
import dev.weir.proto.v1.ControlNet;
import dev.weir.proto.v1.Embedding;
import dev.weir.proto.v1.IpAdapter;
import dev.weir.proto.v1.Lora;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.RefusedFile;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Files that requests name and that do not fit, change, or go while images wait for them. */
final class FilesOfRequestsTest {

    private static final int DENOISER = 1;

    private final TestGateway gateway = new TestGateway();

    @BeforeEach
    void open() {
        serve("1");
    }

    @AfterEach
    void close() {
        await().until(gateway::isIdle);
        gateway.close();
    }

    /** All kinds of files called "style", with one fingerprint. */
    private static ModelCard.Builder card(String fingerprint) {
        return TestGateway.CARD.toBuilder()
                .setId("adaptable")
                .addLoras(Lora.newBuilder()
                        .setName("style")
                        .setFingerprint(fingerprint)
                        .addStages("text-encoder")
                        .addStages("denoiser"))
                .addControlnets(ControlNet.newBuilder()
                        .setName("style")
                        .setFingerprint(fingerprint)
                        .setStage("denoiser"))
                .addEmbeddings(Embedding.newBuilder()
                        .setName("style")
                        .setToken("style")
                        .setFingerprint(fingerprint))
                .addIpAdapters(IpAdapter.newBuilder()
                        .setName("style")
                        .setFingerprint(fingerprint)
                        .addStages("text-encoder")
                        .addStages("denoiser"));
    }

    private void serve(String fingerprint) {
        serve(card(fingerprint));
    }

    private void serve(ModelCard.Builder card) {
        NodeStatus.Builder status = TestGateway.status(StageKind.DENOISER)
                .addModels(ModelStatus.newBuilder()
                        .setId("adaptable")
                        .addAllStages(List.of("text-encoder", "denoiser", "decoder"))
                        .setCard(card));
        gateway.directory.put(status.build());
    }

    private static JsonObject everything() {
        String photo = Base64.getEncoder().encodeToString(AttachmentsTest.PHOTO);
        return new JsonObject()
                .put("model", "adaptable")
                .put("prompt", "in style")
                .put("loras", array(new JsonObject().put("name", "style")))
                .put("controlnets", array(new JsonObject().put("name", "style").put("image", photo)))
                .put(
                        "ip_adapters",
                        array(new JsonObject().put("name", "style").put("images", new JsonArray().add(photo))));
    }

    private static JsonArray array(JsonObject only) {
        return new JsonArray().add(only);
    }

    private static List<String> fingerprints(Task task) {
        var generation = task.getGeneration();
        return List.of(
                generation.getLoras(0).getFingerprint(),
                generation.getControls(0).getNet().getFingerprint(),
                generation.getEmbeddings(0).getFingerprint(),
                generation.getIpAdapters(0).getFingerprint());
    }

    private Sitting last() {
        return gateway.stage.sittings().get(gateway.stage.sittings().size() - 1);
    }

    private static JsonObject error(HttpResponse<String> response) {
        return new JsonObject(response.body()).getJsonObject("error");
    }

    @Test
    void anImageIsMadeWithTheFilesThatReplacedThoseThatItNames() {
        gateway.stage.script(sitting -> {
            if (sitting.task.getRef().getAttempt() == 1) {
                serve("2");
                sitting.start();
                sitting.checkpoint(ResumingTest.snapshot(DENOISER, 2));
                sitting.fail("file_unavailable", true);
            } else {
                sitting.paint();
            }
        });

        HttpResponse<String> response = gateway.generate(everything());

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(gateway.stage.sittings()).hasSize(2);
        assertThat(fingerprints(gateway.stage.sittings().get(0).task)).containsOnly("1");
        assertThat(fingerprints(last().task)).containsOnly("2");
        assertThat(last().task.hasResume())
                .as("no step with the old files is used")
                .isFalse();
        assertThat(last().task.getGeneration().getLoras(0).getWeight()).isEqualTo(1);
    }

    /** The new file has no part in the text encoder. */
    @Test
    void aLoraThatWasReplacedByOneThatChangesOtherStagesIsTakenWhereItHasOneWeight() {
        gateway.stage.script(sitting -> {
            if (sitting.task.getRef().getAttempt() == 1) {
                ModelCard.Builder now = card("1");
                now.getLorasBuilder(0).setFingerprint("2").clearStages().addStages("denoiser");
                serve(now);
                sitting.fail("file_unavailable", true);
            } else {
                sitting.paint();
            }
        });

        HttpResponse<String> response = gateway.generate(everything());

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        Lora taken = last().task.getGeneration().getLoras(0);
        assertThat(taken.getFingerprint()).isEqualTo("2");
        assertThat(taken.getStagesList()).containsExactly("denoiser");
    }

    @Test
    void anImageThatGoesOnWithTheNewFilesKeepsItsSteps() {
        gateway.stage.script(sitting -> {
            switch (sitting.task.getRef().getAttempt()) {
                case 1 -> {
                    serve("2");
                    sitting.fail("file_unavailable", true);
                }
                case 2 -> {
                    sitting.start();
                    sitting.handBack(ResumingTest.snapshot(DENOISER, 2));
                }
                default -> sitting.paint();
            }
        });

        assertThat(gateway.generate(everything()).statusCode()).isEqualTo(200);
        assertThat(fingerprints(last().task)).containsOnly("2");
        assertThat(last().task.getResume().getStep()).isEqualTo(2);
    }

    @Test
    void aFileThatNoNodeCanUseFailsItsImagesWithOneErrorThatSaysToAskAgain() {
        gateway.stage.script(sitting -> sitting.fail("file_unavailable", true));

        HttpResponse<String> response = gateway.generate(everything());

        assertThat(response.statusCode()).isEqualTo(503);
        assertThat(response.headers().firstValue("Retry-After")).contains("2");
        assertThat(error(response).getString("code")).isEqualTo("file_unavailable");
        assertThat(error(response).getString("message")).isEqualTo("it file_unavailable");
        assertThat(gateway.stage.sittings()).hasSize(3);
    }

    @Test
    void anImageWhoseFilesAreGoneFailsAndSaysWhich() {
        serve("1");
        withoutFilesItFailsWith("file_unavailable");

        requireMissing(gateway.generate(everything()), 404, "file_missing");

        assertThat(gateway.stage.sittings()).as("nobody waits for them").hasSize(1);
    }

    /** The node that has the files may be down. */
    @Test
    void anImageWhoseFilesNoLiveNodeHasMayBeAskedForAgain() {
        serve("1");
        withoutFilesItFailsWith("no_node");

        HttpResponse<String> response = gateway.generate(everything());

        requireMissing(response, 503, "file_unavailable");
        assertThat(response.headers().firstValue("Retry-After")).isPresent();
        assertThat(gateway.stage.sittings()).hasSize(1);
    }

    private void withoutFilesItFailsWith(String code) {
        gateway.stage.script(sitting -> {
            serve(TestGateway.CARD.toBuilder().setId("adaptable"));
            sitting.fail(code, true);
        });
    }

    private static void requireMissing(HttpResponse<String> response, int status, String code) {
        assertThat(response.statusCode()).isEqualTo(status);
        assertThat(error(response).getString("code")).isEqualTo(code);
        assertThat(error(response).getString("message"))
                .isEqualTo(
                        "no node has the LoRA \"style\" and the ControlNet \"style\" and the embedding \"style\" and the "
                                + "IP-Adapter \"style\" as it was when the request named it");
    }

    /** Somebody writes a file of that name, so the image is tried again. */
    @Test
    void anImageWhoseFileIsBeingReplacedIsNotGivenUp() {
        gateway.stage.script(sitting -> {
            serve(TestGateway.CARD.toBuilder()
                    .setId("adaptable")
                    .addRefusedLoras(RefusedFile.newBuilder().setName("style").setChanging(true)));
            sitting.fail("no_node", true);
        });

        HttpResponse<String> response = gateway.generate(everything());

        assertThat(response.statusCode()).isEqualTo(503);
        assertThat(error(response).getString("code")).isEqualTo("file_unavailable");
        assertThat(gateway.stage.sittings()).hasSize(3);
    }

    @Test
    void aRequestIsToldWhyAFileOfEachKindDoesNotFit() {
        RefusedFile.Builder other = RefusedFile.newBuilder().setName("other").setProblem("made for another model");
        serve(card("1")
                .addRefusedLoras(other)
                .addRefusedControlnets(other)
                .addRefusedEmbeddings(other)
                .addRefusedIpAdapters(other));

        JsonObject request = everything();
        refused(renamed(request, "loras", "other"), "unsuitable_lora", "loras[0].name");
        refused(renamed(request, "controlnets", "other"), "unsuitable_controlnet", "controlnets[0].name");
        refused(renamed(request, "ip_adapters", "other"), "unsuitable_ip_adapter", "ip_adapters[0].name");
        for (String prompt :
                List.of("a embedding:other", "(embedding:other.safetensors:1.2) b", "embedding:other, b")) {
            refused(
                    request.copy().put("prompt", prompt).put("prompt_syntax", "comfyui"),
                    "unsuitable_embedding",
                    "prompt");
        }
        assertThat(gateway.generate(
                                request.copy().put("prompt", "embedding:other2").put("prompt_syntax", "comfyui"))
                        .statusCode())
                .as("another name")
                .isEqualTo(200);
    }

    @Test
    void aFileThatIsBeingWrittenIsToBeAskedForAgain() {
        RefusedFile.Builder written = RefusedFile.newBuilder().setName("other").setChanging(true);
        serve(card("1")
                .addRefusedLoras(written)
                .addRefusedControlnets(written)
                .addRefusedEmbeddings(written)
                .addRefusedIpAdapters(written));

        for (String field : List.of("loras", "controlnets", "ip_adapters")) {
            HttpResponse<String> response = gateway.generate(renamed(everything(), field, "other"));
            assertThat(response.statusCode()).as(field).isEqualTo(503);
            assertThat(response.headers().firstValue("Retry-After")).contains("2");
            assertThat(error(response).getString("code")).isEqualTo("file_unavailable");
            assertThat(error(response).getString("message")).contains("\"other\" is being written");
        }
    }

    private static JsonObject renamed(JsonObject request, String field, String name) {
        JsonObject copy = request.copy();
        copy.getJsonArray(field).getJsonObject(0).put("name", name);
        return copy;
    }

    private void refused(JsonObject request, String code, String param) {
        HttpResponse<String> response = gateway.generate(request);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(error(response).getString("code")).isEqualTo(code);
        assertThat(error(response).getString("param")).isEqualTo(param);
        assertThat(error(response).getString("message"))
                .endsWith("\"other\" does not fit the model adaptable: made for another model");
    }
}
