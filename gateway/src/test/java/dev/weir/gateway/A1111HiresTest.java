package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.TestStage.Sitting;
import dev.weir.picture.PngText;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.StageRole;
import dev.weir.runtime.bus.Addresses;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The second pass of {@code txt2img}: {@code enable_hr}. */
final class A1111HiresTest {

    private final TestGateway gateway = new TestGateway();

    A1111HiresTest() {
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.finish(AttachmentsTest.PHOTO);
        });
    }

    @AfterEach
    void close() {
        await().untilAsserted(() -> assertThat(gateway.isIdle()).isTrue());
        gateway.close();
    }

    private static JsonObject request() {
        return new JsonObject()
                .put("prompt", "a fox")
                .put("seed", 40)
                .put("steps", 6)
                .put("width", 32)
                .put("height", 32)
                .put("enable_hr", true)
                .put("hr_upscaler", "Lanczos")
                .put("denoising_strength", 0.5);
    }

    private HttpResponse<String> post(JsonObject body) {
        return gateway.send(gateway.post("/sdapi/v1/txt2img", body.encode()));
    }

    private boolean isSecond(Sitting sitting) {
        return sitting.task.getGeneration().hasStrength();
    }

    private List<Generation> passes(boolean second) {
        return gateway.stage.sittings().stream()
                .filter(sitting -> isSecond(sitting) == second)
                .map(sitting -> sitting.task.getGeneration())
                .toList();
    }

    @Test
    void eachPictureOfTheFirstPassIsTheImageThatTheSecondChanges() {
        HttpResponse<String> response = post(request().put("batch_size", 2).put("hr_second_pass_steps", 4));

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(passes(false)).hasSize(2).allMatch(first -> first.getWidth() == 32 && first.getSteps() == 6);
        assertThat(passes(true)).hasSize(2).allSatisfy(second -> {
            assertThat(second.getWidth()).isEqualTo(64);
            assertThat(second.getHeight()).isEqualTo(64);
            assertThat(second.getStrength()).isEqualTo(0.5);
            // Of which the strength leaves four.
            assertThat(second.getSteps()).isEqualTo(8);
            assertThat(second.getNoise()).isEqualTo("cuda");
            assertThat(second.getAttachmentsList()).extracting("name").containsExactly("init_image");
        });
        assertThat(passes(true)).extracting(Generation::getSeed).containsExactlyInAnyOrder(40L, 41L);
        JsonObject answer = new JsonObject(response.body());
        assertThat(answer.getJsonArray("images")).hasSize(2);
        byte[] file = Base64.getDecoder().decode(answer.getJsonArray("images").getString(1));
        assertThat(PngText.of(file).get("parameters"))
                .contains("Steps: 6, ", "Seed: 41, ", "Size: 32x32, ", "Denoising strength: 0.5, ")
                .contains("Hires upscale: 2, Hires steps: 4, Hires upscaler: Lanczos");
        assertThat(new JsonObject(answer.getString("info")).getDouble("denoising_strength"))
                .isEqualTo(0.5);
        assertThat(new JsonObject(answer.getString("info"))
                        .getJsonObject("extra_generation_params")
                        .getString("Hires upscale"))
                .isEqualTo("2");
    }

    /** Without {@code hr_upscaler}, that program enlarges the latent. */
    @Test
    void aLatentUpscalerEnlargesTheLatentOfTheFirstPass() {
        JsonObject usual = request();
        usual.remove("hr_upscaler");
        for (JsonObject asked : List.of(usual, request().put("hr_upscaler", "Latent (nearest-exact)"))) {
            HttpResponse<String> response = post(asked);
            assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        }
        post(request());

        assertThat(passes(false)).extracting(Generation::getKeepsLatent).containsExactly(true, true, false);
        assertThat(passes(true))
                .extracting(Generation::getLatentResize)
                .containsExactly("bilinear", "nearest-exact", "");
    }

    @Test
    void theSecondPassHasAsManyStepsAsTheFirstUnlessTheRequestSaysOtherwise() {
        assertThat(post(request().put("hr_resize_x", 64).put("hr_upscaler", "None"))
                        .statusCode())
                .isEqualTo(200);
        assertThat(passes(true)).extracting(Generation::getSteps).containsExactly(12);
    }

    /** A flow model also does the step that the strength covers in part. */
    @Test
    void aFlowModelDoesAsManyStepsAsAreAskedFor() {
        ModelCard.Builder flow = TestGateway.CARD.toBuilder().setId("flow");
        flow.getWorkflowsBuilderList().stream()
                .flatMap(workflow -> workflow.getStagesBuilderList().stream())
                .filter(stage -> stage.getRole() == StageRole.DIFFUSE)
                .forEach(stage -> stage.setCountsPartialStep(true));
        for (StageKind kind : List.of(StageKind.TEXT_ENCODER, StageKind.DENOISER, StageKind.DECODER)) {
            gateway.directory.put(TestGateway.status(kind)
                    .addModels(ModelStatus.newBuilder()
                            .setId("flow")
                            .addStages(Addresses.name(kind))
                            .setCard(flow))
                    .build());
        }

        HttpResponse<String> response = post(request()
                .put("steps", 20)
                .put("denoising_strength", 0.75)
                .put("override_settings", new JsonObject().put("sd_model_checkpoint", "flow")));

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(passes(true)).extracting(Generation::getSteps).containsExactly(26);
        assertThat(gateway.stage.sittings())
                .filteredOn(this::isSecond)
                .flatExtracting(sitting -> sitting.task.getRouteList())
                .filteredOn(stage -> stage.getRole() == StageRole.DIFFUSE)
                .extracting(Stage::getForwards)
                .containsExactly(20);
    }

    @Test
    void aStrengthThatLeavesTooFewOfAllStepsIsRefused() {
        for (double strength : new double[] {1e-9, 1e-3, 1e-300, Double.MIN_VALUE}) {
            HttpResponse<String> response = post(request().put("steps", 20).put("denoising_strength", strength));

            assertThat(response.statusCode()).isEqualTo(400);
            assertThat(new JsonObject(response.body()).getString("detail")).contains("denoising_strength");
        }
        assertThat(gateway.stage.sittings()).isEmpty();
    }

    @Test
    void progressCountsBothPasses() {
        gateway.stage.script(sitting -> {
            sitting.start();
            if (!isSecond(sitting)) {
                sitting.finish(AttachmentsTest.PHOTO);
            }
        });
        CompletableFuture<HttpResponse<String>> answer = gateway.http()
                .sendAsync(gateway.post("/sdapi/v1/txt2img", request().encode()), BodyHandlers.ofString());
        await().until(() -> passes(true).size() == 1);

        JsonObject progress = new JsonObject(gateway.fetch("/sdapi/v1/progress").body());
        assertThat(progress.getDouble("progress")).isBetween(0.5, 0.52);
        // The picture of the first pass is what there is.
        gateway.send(gateway.post("/sdapi/v1/interrupt", "{}"));
        assertThat(new JsonObject(answer.join().body()).getJsonArray("images")).hasSize(1);
    }

    @Test
    void anInterruptedFirstPassHasNoSecond() {
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.frame(1, AttachmentsTest.PHOTO);
        });
        CompletableFuture<HttpResponse<String>> answer = gateway.http()
                .sendAsync(gateway.post("/sdapi/v1/txt2img", request().encode()), BodyHandlers.ofString());
        await().until(() ->
                new JsonObject(gateway.fetch("/sdapi/v1/progress").body()).getValue("current_image") != null);

        gateway.send(gateway.post("/sdapi/v1/interrupt", "{}"));

        assertThat(new JsonObject(answer.join().body()).getJsonArray("images")).hasSize(1);
        assertThat(passes(true)).isEmpty();
    }

    @Test
    void aClientThatLeavesCancelsTheSecondPass() {
        gateway.stage.script(sitting -> {
            sitting.start();
            if (!isSecond(sitting)) {
                sitting.finish(AttachmentsTest.PHOTO);
            }
        });
        CompletableFuture<HttpResponse<String>> answer = gateway.http()
                .sendAsync(
                        gateway.post(
                                "/sdapi/v1/txt2img",
                                request().put("batch_size", 2).encode()),
                        BodyHandlers.ofString());
        await().until(() -> passes(true).size() == 2);

        answer.cancel(true);

        await().untilAsserted(() -> assertThat(gateway.cancels).hasSizeGreaterThanOrEqualTo(2));
    }

    @Test
    void theTextOfAPictureSaysNothingOfTheJobOfTheSecondPass() {
        String text = "a fox\nSteps: 12, Sampler: DDIM, Workflow: image_to_image, Init image hash: abc, Engine: torch";
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.finish(PngText.with(AttachmentsTest.PHOTO, "parameters", text));
        });

        JsonObject answer = new JsonObject(post(request()).body());

        assertThat(new JsonObject(answer.getString("info"))
                        .getJsonArray("infotexts")
                        .getString(0))
                .contains("Steps: 6, ", "Engine: torch")
                .doesNotContain("Workflow", "Init image hash");
    }

    /** The latent is for the second pass alone. */
    @Test
    void anInterruptedSecondPassGivesThePictureOfTheFirstWithoutItsLatent() {
        byte[] first = PngText.with(AttachmentsTest.PHOTO, PngText.LATENT, "numbers");
        gateway.stage.script(sitting -> {
            sitting.start();
            if (!isSecond(sitting)) {
                sitting.finish(first);
            }
        });
        CompletableFuture<HttpResponse<String>> answer = gateway.http()
                .sendAsync(gateway.post("/sdapi/v1/txt2img", request().encode()), BodyHandlers.ofString());
        await().until(() -> passes(true).size() == 1);
        gateway.send(gateway.post("/sdapi/v1/interrupt", "{}"));

        JsonObject answered = new JsonObject(answer.join().body());
        byte[] file = Base64.getDecoder().decode(answered.getJsonArray("images").getString(0));
        assertThat(PngText.of(file)).containsOnlyKeys("parameters");
        assertThat(PngText.without(file, "parameters"))
                .as("nothing else is gone")
                .isEqualTo(AttachmentsTest.PHOTO);
    }

    @Test
    void aPictureThatCannotBeReadEndsTheRequest() {
        gateway.stage.script(Sitting::paint);

        HttpResponse<String> response = post(request());

        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.body()).contains("the picture of the pass before cannot be read");
    }

    @Test
    void aFailedSecondPassIsAnError() {
        gateway.stage.script(sitting -> {
            sitting.start();
            if (isSecond(sitting)) {
                sitting.fail("not_finite", false);
            } else {
                sitting.finish(AttachmentsTest.PHOTO);
            }
        });
        assertThat(post(request()).body()).contains("not_finite");
    }

    @ParameterizedTest
    @CsvSource({
        "hr_upscaler,R-ESRGAN 4x+",
        "hr_sampler_name,Euler",
        "hr_prompt,a dog",
        "hr_checkpoint_name,other",
        "firstphase_width,16",
        "hr_scale,4",
        "hr_resize_x,40",
        "denoising_strength,0"
    })
    void whatIsNotComputedIsRefusedBeforeTheFirstPass(String field, String value) {
        Object given = value.matches("\\d+") ? (Object) Integer.valueOf(value) : value;
        JsonObject body = request().put(field, given);
        if (field.equals("hr_resize_x")) {
            body.put("hr_resize_y", 64);
        }

        HttpResponse<String> response = post(body);

        assertThat(response.statusCode()).isEqualTo(400);
        String detail = new JsonObject(response.body()).getString("detail");
        assertThat(detail).containsAnyOf(field, "enable_hr: ");
        assertThat(gateway.stage.sittings()).isEmpty();
    }
}
