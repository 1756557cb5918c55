package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.v1.Field;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.bus.Addresses;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Flow models, such as Flux.1, through the APIs of other programs. Their samplers have other names, and some take no guidance. */
final class FlowDialectsTest {

    private static final Field PROMPT = Field.newBuilder().setName("prompt").build();
    private static final ModelCard SCHNELL = card("schnell", PROMPT);
    private static final ModelCard DEV = card("dev", PROMPT, TestCards.number("guidance_scale", 50));

    private TestGateway gateway;

    private static ModelCard card(String id, Field... fields) {
        return TestGateway.CARD.toBuilder()
                .setId(id)
                .clearWorkflows()
                .addWorkflows(TestCards.withoutText(fields))
                .clearSamplers()
                .addSamplers(TestCards.sampler("flow_euler").addAllSchedules(List.of("normal", "karras")))
                .addSamplers(TestCards.sampler("flow_lcm").addAllSchedules(List.of("normal", "karras")))
                .setDefaultSampler("flow_euler")
                .build();
    }

    @BeforeEach
    void open() {
        gateway = new TestGateway();
        for (StageKind kind : List.of(StageKind.DENOISER, StageKind.DECODER)) {
            NodeStatus.Builder status = TestGateway.status(kind);
            for (ModelCard card : List.of(SCHNELL, DEV)) {
                status.addModels(ModelStatus.newBuilder()
                        .setId(card.getId())
                        .addStages(Addresses.name(kind))
                        .setCard(card));
            }
            gateway.directory.put(status.build());
        }
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.finish(A1111Test.PNG);
        });
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    private HttpResponse<String> textToImage(String model, JsonObject body) {
        return gateway.send(gateway.post(
                "/sdapi/v1/txt2img",
                body.put("override_settings", new JsonObject().put("sd_model_checkpoint", model))
                        .encode()));
    }

    private JsonObject info(String model, JsonObject body) {
        HttpResponse<String> response = textToImage(model, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return new JsonObject(new JsonObject(response.body()).getString("info"));
    }

    private Generation made() {
        return gateway.stage.sittings().get(0).task.getGeneration();
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "Euler,-,''",
                "k_euler,Automatic,''",
                "Automatic,-,''",
                "-,-,''",
                "Euler,Karras,karras",
                "flow_lcm,-,''"
            })
    void automatic1111sNamesMeanTheModelsOwnSampler(String sampler, String scheduler, String schedule) {
        JsonObject body = new JsonObject().put("prompt", "a red apple");
        body.put("sampler_name", sampler).put("scheduler", scheduler);

        JsonObject info = info("schnell", body);

        boolean isOther = "flow_lcm".equals(sampler);
        assertThat(made().getSampler()).isEqualTo(isOther ? sampler : "flow_euler");
        assertThat(made().getSchedule()).isEqualTo(schedule);
        assertThat(info.getString("sampler_name")).isEqualTo(isOther ? sampler : "Euler");
        assertThat(info.getJsonObject("extra_generation_params")).isEmpty();
    }

    @Test
    void whatForgeAlwaysSendsAndTheModelDoesNotComputeIsNamed() {
        JsonObject info = info(
                "schnell",
                new JsonObject()
                        .put("prompt", "a (red:1.2) apple")
                        .put("cfg_scale", 7)
                        .put("sampler_name", "Euler")
                        .put("scheduler", "Simple"));

        String ignored = "cfg_scale 7, scheduler Simple, prompt weights";
        assertThat(info.getJsonObject("extra_generation_params").getMap()).containsEntry("Ignored", ignored);
        assertThat(info.getJsonArray("infotexts").getString(0))
                .contains("CFG scale: 1,")
                .contains("Ignored: \"" + ignored + "\"");
        assertThat(made().getGuidanceScale()).isEqualTo(1);
        assertThat(made().getSchedule()).isEmpty();
    }

    @Test
    void aNetworkThatTakesTheScaleItselfHasForgesDistilledOne() {
        JsonObject info = info(
                "dev",
                new JsonObject()
                        .put("prompt", "an apple \\(red\\)")
                        .put("cfg_scale", 1)
                        .put("distilled_cfg_scale", 3.5));

        assertThat(made().getGuidanceScale()).isEqualTo(3.5f);
        assertThat(info.getJsonObject("extra_generation_params")).isEmpty();
    }

    @Test
    void otherSamplersAndSchedulesAreNotThere() {
        JsonObject euler = new JsonObject().put("prompt", "x").put("sampler_name", "Euler");
        assertThat(textToImage("tiny", euler.copy().put("scheduler", "Simple")).statusCode())
                .as("a model that is no flow")
                .isEqualTo(400);
        assertThat(textToImage("schnell", euler.copy().put("scheduler", "Beta")).statusCode())
                .isEqualTo(400);
        assertThat(textToImage("schnell", new JsonObject().put("sampler_name", "Heun"))
                        .statusCode())
                .isEqualTo(404);
    }

    @ParameterizedTest
    @CsvSource({"FlowMatchEulerDiscreteScheduler,flow_euler", "FlowMatchLCMScheduler,flow_lcm"})
    void aSchedulerIsAClassOfDiffusers(String scheduler, String sampler) {
        HttpResponse<String> response = gateway.send(gateway.post(
                "/models/schnell",
                new JsonObject()
                        .put("inputs", "a fox")
                        .put("parameters", new JsonObject().put("scheduler", scheduler))
                        .encode()));

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(made().getSampler()).isEqualTo(sampler);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 1})
    void noGuidanceIsTakenByAModelWithoutIt(double scale) {
        JsonObject body =
                new JsonObject().put("model", "schnell").put("prompt", "x").put("guidance_scale", scale);
        HttpResponse<String> response = gateway.generate(body);

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(made().getGuidanceScale()).isEqualTo(1);
        assertThat(gateway.generate(body.put("guidance_scale", 2)).body()).contains("guidance_scale is not taken by");
    }
}
