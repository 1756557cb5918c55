package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Task;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The option of Automatic1111 that leaves guidance out of the first steps. */
final class A1111GuidanceTest {

    private final TestGateway gateway = new TestGateway();

    A1111GuidanceTest() {
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.finish(A1111Test.PNG);
        });
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    private HttpResponse<String> post(String path, JsonObject body) {
        return gateway.send(gateway.post("/sdapi/v1/" + path, body.encode()));
    }

    @Test
    void guidanceIsSkippedInTheShareOfTheStepsThatTheOptionSays() {
        JsonObject body = new JsonObject()
                .put("prompt", "x")
                .put("steps", 20)
                .put("override_settings", new JsonObject().put("skip_early_cond", 0.2));
        HttpResponse<String> response = post("txt2img", body);

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        Task task = gateway.stage.sittings().get(0).task;
        double start = task.getGeneration().getGuidanceStart();
        // 4 / 20 is at most 0.2, so the sixth step is the first one with guidance.
        assertThat((int) (start * 20)).isEqualTo(5);
        assertThat(task.getRouteList())
                .filteredOn(stage -> stage.getRole() == StageRole.DIFFUSE)
                .extracting(stage -> stage.getGuided().getStart())
                .as("counted where the end is forecast")
                .containsExactly(5);
        assertThat(new JsonObject(response.body()).getString("info")).contains("Skip Early CFG: 0.2");
        gateway.stage.sittings().clear();
        post("txt2img", new JsonObject().put("prompt", "x"));
        Generation made = gateway.stage.sittings().get(0).task.getGeneration();
        assertThat(made.getGuidanceStart()).isZero();
        assertThat(post("options", new JsonObject().put("skip_early_cond", 2)).statusCode())
                .isEqualTo(400);
    }

    /** Models that count guidance from the prompt on have a scale that is one less. */
    @ParameterizedTest
    @CsvSource({"1,0,1.0", "1.5,0.5,1.5", "2,1,2.0", "7,6,7.0", "2.5,1.5,2.5", ",4,5.0"})
    void guidanceIsCountedAsThatProgramDoes(Double cfg, float scale, String shown) {
        JsonObject body = fromPrompt().put("cfg_scale", cfg);
        HttpResponse<String> response = post("txt2img", body);

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        Generation made = gateway.stage.sittings().get(0).task.getGeneration();
        assertThat(made.getGuidanceScale()).isEqualTo(scale);
        String info = new JsonObject(response.body()).getString("info");
        assertThat(new JsonObject(info).getDouble("cfg_scale")).isEqualTo(Double.valueOf(shown));
        assertThat(info).contains("CFG scale: " + shown.replace(".0", "") + ",");
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.5})
    void guidanceBelowThatOfSuchModelsIsRefused(double cfg) {
        HttpResponse<String> response = post("txt2img", fromPrompt().put("cfg_scale", cfg));

        assertThat(response.statusCode()).isGreaterThanOrEqualTo(400);
        assertThat(response.body()).contains("cfg_scale").contains("must be at least 1 for drawn, not " + cfg);
        assertThat(gateway.stage.sittings()).isEmpty();
    }

    private JsonObject fromPrompt() {
        ModelCard card = TestCards.guidedFromPrompt(
                TestGateway.CARD.toBuilder().setId("drawn").build());
        gateway.directory.put(TestGateway.status(StageKind.DENOISER)
                .addModels(ModelStatus.newBuilder()
                        .setId("drawn")
                        .addAllStages(List.of("text-encoder", "denoiser", "decoder"))
                        .setCard(card))
                .build());
        return new JsonObject()
                .put("prompt", "x")
                .put("override_settings", new JsonObject().put("sd_model_checkpoint", "drawn"));
    }
}
