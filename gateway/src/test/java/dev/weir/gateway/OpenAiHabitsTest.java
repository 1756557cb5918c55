package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.GatewayConfig.Patience;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.bus.Addresses;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What clients that were written for OpenAI send and expect. */
@Execution(ExecutionMode.CONCURRENT)
final class OpenAiHabitsTest {

    private TestGateway gateway = new TestGateway(
            TestGateway.CONFIG.withAliases(Map.of("dall-e-3", "tiny", "gpt-image-1", "default", "lost", "nowhere")));

    @AfterEach
    void close() {
        gateway.close();
    }

    @Test
    void modelsMayBeCalledByTheirAliases() {
        for (String name : new String[] {"dall-e-3", "gpt-image-1", "tiny"}) {
            HttpResponse<String> answer = gateway.generate(apple().put("model", name));

            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            assertThat(new JsonObject(answer.body()).getJsonObject("x_weir").getString("model"))
                    .isEqualTo("tiny");
        }
        assertThat(gateway.stage.sittings())
                .extracting(sitting -> sitting.task.getModel())
                .containsOnly("tiny");
        assertThat(gateway.generate(apple().put("model", "lost")).statusCode()).isEqualTo(404);
        assertThat(gateway.generate(apple().put("model", "other")).statusCode()).isEqualTo(404);
    }

    @Test
    void aliasesAreListedAndFoundAsModels() {
        JsonArray models = new JsonObject(gateway.fetch("/v1/models").body()).getJsonArray("data");

        assertThat(models)
                .extracting(model -> ((JsonObject) model).getString("id"))
                .containsExactly("tiny", "dall-e-3", "gpt-image-1");
        JsonObject alias = models.getJsonObject(1);
        assertThat(alias.getString("alias_of")).isEqualTo("tiny");
        assertThat(alias.getString("object")).isEqualTo("model");
        assertThat(alias.getInteger("native_size")).isEqualTo(64);
        assertThat(new JsonObject(gateway.fetch("/v1/models/dall-e-3").body())).isEqualTo(alias);
        assertThat(models.getJsonObject(0).containsKey("alias_of")).isFalse();
    }

    @Test
    void anyNameMayStandForAModel() {
        gateway.close();
        gateway = new TestGateway(TestGateway.CONFIG.withAliases(Map.of("*", "default")));

        assertThat(gateway.generate(apple().put("model", "midjourney")).statusCode())
                .isEqualTo(200);
        assertThat(gateway.fetch("/v1/models").body()).doesNotContain("\"*\"");
    }

    @Test
    void theFirstModelIsTheDefaultAndStaysSoWhileItIsNotReady() {
        for (StageKind stage :
                List.of(StageKind.TEXT_ENCODER, StageKind.DENOISER, StageKind.UPSAMPLER, StageKind.DECODER)) {
            gateway.directory.put(twoModels(stage));
        }
        assertThat(gateway.generate(apple()).statusCode()).isEqualTo(200);
        assertThat(gateway.stage.sittings().get(0).task.getModel()).isEqualTo("zebra");

        gateway.directory.put(TestGateway.status(StageKind.DENOISER).build());
        HttpResponse<String> refused = gateway.generate(apple());

        assertThat(refused.statusCode()).isEqualTo(503);
        assertThat(refused.body()).contains("no_node", "zebra");
        assertThat(refused.headers().firstValue("Retry-After")).isPresent();
        assertThat(gateway.generate(apple().put("model", "tiny")).statusCode()).isEqualTo(200);
    }

    private static NodeStatus twoModels(StageKind stage) {
        NodeStatus one = TestGateway.status(stage).build();
        return one.toBuilder()
                .clearModels()
                .addModels(ModelStatus.newBuilder()
                        .setId("zebra")
                        .addStages(Addresses.name(stage))
                        .setCard(TestGateway.CARD.toBuilder().setId("zebra")))
                .addModels(one.getModels(0))
                .build();
    }

    @Test
    void nullIsTheSameAsAbsentForEveryOptionalField() {
        JsonObject contract = new JsonObject(gateway.fetch("/openapi.json").body())
                .getJsonObject("components")
                .getJsonObject("schemas");
        for (String schema : new String[] {"Generation", "ImagesRequest"}) {
            for (String field :
                    contract.getJsonObject(schema).getJsonObject("properties").fieldNames()) {
                if (!field.equals("prompt")) {
                    HttpResponse<String> answer = gateway.generate(apple().putNull(field));

                    assertThat(answer.statusCode())
                            .as(field + ": " + answer.body())
                            .isEqualTo(200);
                }
            }
        }
        assertThat(gateway.send(gateway.post(
                                "/v1/jobs", apple().putNull("preview").encode()))
                        .statusCode())
                .isEqualTo(202);
        await().until(gateway::isIdle);
    }

    @Test
    void numbersAsTextAreRefusedByName() {
        for (String field : new String[] {"n", "num_inference_steps", "guidance_scale", "output_compression"}) {
            HttpResponse<String> answer = gateway.generate(apple().put(field, "7"));

            assertThat(answer.statusCode()).isEqualTo(400);
            assertThat(answer.body()).contains(field, "must be a number, not a string");
        }
    }

    @Test
    void aLinkedPictureStaysForTheTimeOfAJobAndIsThenGone() {
        gateway.close();
        Patience brief = new Patience(
                Duration.ofSeconds(60), Duration.ofSeconds(30), Duration.ofSeconds(10), Duration.ofSeconds(3));
        gateway = new TestGateway(TestGateway.CONFIG.with(brief));

        JsonObject answer = new JsonObject(
                gateway.generate(apple().put("response_format", "url").put("n", 2))
                        .body());

        List<String> paths = answer.getJsonArray("data").stream()
                .map(image -> URI.create(((JsonObject) image).getString("url")).getPath())
                .toList();
        assertThat(paths).hasSize(2).allSatisfy(path -> {
            HttpResponse<String> picture = gateway.fetch(path);
            assertThat(picture.statusCode()).isEqualTo(200);
            assertThat(picture.headers().firstValue("Content-Type")).hasValue("image/png");
        });
        assertThat(paths)
                .allSatisfy(path -> await().until(() -> gateway.fetch(path).statusCode() == 410));
    }

    private static JsonObject apple() {
        return new JsonObject().put("prompt", "an apple");
    }
}
