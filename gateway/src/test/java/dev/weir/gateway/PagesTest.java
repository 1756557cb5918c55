package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.v1.Field;
import dev.weir.proto.v1.ForwardPace;
import dev.weir.proto.v1.Holding;
import dev.weir.proto.v1.Holdings;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Workflow;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class PagesTest {

    private static final Pattern IMPORT = Pattern.compile("from \"\\./([a-z0-9]+\\.js)\";");

    private final TestGateway gateway = new TestGateway();

    @AfterEach
    void close() {
        gateway.close();
    }

    @Test
    void thePageComesWithAllItsPartsAndNothingFromElsewhere() {
        HttpResponse<String> page = gateway.fetch("/");

        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.headers().firstValue("Content-Type")).hasValue("text/html; charset=utf-8");
        assertThat(page.headers().firstValue("Content-Security-Policy"))
                .hasValueSatisfying(policy -> assertThat(policy).startsWith("default-src 'self'"));
        assertThat(page.body()).doesNotContain("http://", "https://", " style=", "<script>");
        for (String name : new String[] {"app.js", "style.css", "icon.svg"}) {
            assertThat(page.body()).contains("\"" + name + "\"");
            assertThat(gateway.fetch("/" + name).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void everyModuleThatThePageImportsIsServed() {
        Set<String> seen = new HashSet<>();
        Deque<String> toRead = new ArrayDeque<>(List.of("app.js"));
        while (!toRead.isEmpty()) {
            String module = toRead.remove();
            if (seen.add(module)) {
                HttpResponse<String> response = gateway.fetch("/" + module);
                assertThat(response.statusCode()).as(module).isEqualTo(200);
                assertThat(response.headers().firstValue("Content-Type")).hasValue("text/javascript; charset=utf-8");
                IMPORT.matcher(response.body()).results().forEach(found -> toRead.add(found.group(1)));
            }
        }
        assertThat(seen).contains("jobs.js", "store.js");
        assertThat(gateway.fetch("/").body()).contains(seen);
    }

    @Test
    void aPageThatTheClientHasIsNotSentAgain() {
        String tag = gateway.fetch("/app.js").headers().firstValue("ETag").orElseThrow();

        HttpResponse<String> again = gateway.send(
                gateway.request("/app.js").header("If-None-Match", tag).build());

        assertThat(again.statusCode()).isEqualTo(304);
        assertThat(again.body()).isEmpty();
    }

    @Test
    void listsModelsWithTheirBounds() {
        JsonArray models = new JsonObject(gateway.fetch("/v1/models").body()).getJsonArray("data");

        assertThat(models).hasSize(1);
        JsonObject model = models.getJsonObject(0);
        assertThat(model.getString("id")).isEqualTo("tiny");
        assertThat(model.getString("object")).isEqualTo("model");
        assertThat(model.getBoolean("ready")).isTrue();
        assertThat(model.getInteger("native_size")).isEqualTo(64);
        assertThat(model.getInteger("min_size")).isEqualTo(32);
        assertThat(model.getInteger("max_size")).isEqualTo(128);
        assertThat(model.getJsonArray("sizes")).containsExactly(sizes(32, 64, 8, false), sizes(64, 128, 16, true));
        assertThat(model.getJsonArray("samplers")).containsExactly("ddim", "euler", "pndm");
        assertThat(model.getJsonArray("workflows").getJsonObject(0).getJsonArray("fields").stream()
                        .map(JsonObject.class::cast)
                        .filter(field -> field.getString("name").equals("prompt_syntax"))
                        .findFirst()
                        .orElseThrow()
                        .getJsonArray("values"))
                .containsExactly("plain", "a1111", "comfyui", "compel");
        assertThat(new JsonObject(gateway.fetch("/v1/models/tiny").body())).isEqualTo(model);
    }

    private static JsonObject sizes(int min, int max, int multiple, boolean upsampled) {
        return new JsonObject()
                .put("min", min)
                .put("max", max)
                .put("multiple", multiple)
                .put("upsampled", upsampled);
    }

    @Test
    void aFieldSaysItsBoundsAndItsDefault() {
        ModelCard.Builder card = TestGateway.CARD.toBuilder().setId("cascade");
        card.getWorkflowsBuilderList().stream()
                .flatMap(workflow -> workflow.getFieldsBuilderList().stream())
                .filter(field -> field.getName().equals("prior_steps"))
                .forEach(field -> field.setUsual(20));
        gateway.directory.put(TestGateway.status(StageKind.DENOISER)
                .addModels(ModelStatus.newBuilder().setId("cascade").setCard(card))
                .build());

        JsonObject model = new JsonObject(gateway.fetch("/v1/models/cascade").body());
        assertThat(model.getJsonArray("workflows").getJsonObject(0).getJsonArray("fields"))
                .contains(
                        new JsonObject(
                                "{\"name\": \"prior_steps\", \"required\": false, \"min\": 1.0, \"max\": 1000.0, \"default\": 20.0}"));
        JsonObject version = new JsonObject(
                gateway.fetch("/v1/models/weir/cascade/versions/cascade").body());
        assertThat(version.getJsonObject("openapi_schema")
                        .getJsonObject("components")
                        .getJsonObject("schemas")
                        .getJsonObject("Input")
                        .getJsonObject("properties")
                        .getJsonObject("prior_steps"))
                .isEqualTo(
                        new JsonObject("{\"type\": \"integer\", \"minimum\": 1, \"maximum\": 1000, \"default\": 20}"));
    }

    /** Of a field that workflows have other defaults for, none is right. */
    @Test
    void aFieldHasADefaultForReplicateWhereItsWorkflowsAgree() {
        Workflow image = workflow("image_to_image", 0.3, 5);
        Workflow mask = workflow("inpainting", 0.9999, 5);
        ModelCard.Builder card = TestGateway.CARD.toBuilder().setId("two").clearWorkflows();
        card.addWorkflows(image).addWorkflows(mask);
        gateway.directory.put(TestGateway.status(StageKind.DENOISER)
                .addModels(ModelStatus.newBuilder().setId("two").setCard(card))
                .build());

        JsonObject version =
                new JsonObject(gateway.fetch("/v1/models/weir/two/versions/two").body());
        JsonObject input = version.getJsonObject("openapi_schema")
                .getJsonObject("components")
                .getJsonObject("schemas")
                .getJsonObject("Input")
                .getJsonObject("properties");
        assertThat(input.getJsonObject("prompt_strength"))
                .isEqualTo(new JsonObject("{\"type\": \"number\", \"minimum\": 0.0, \"maximum\": 1.0}"));
        assertThat(input.getJsonObject("guidance_scale").getValue("default")).isEqualTo(5.0);
    }

    private static Workflow workflow(String name, double strength, double scale) {
        return TestGateway.CARD.getWorkflows(0).toBuilder()
                .setName(name)
                .clearFields()
                .addFields(Field.newBuilder().setName("strength").setMax(1).setUsual(strength))
                .addFields(
                        Field.newBuilder().setName("guidance_scale").setMax(30).setUsual(scale))
                .build();
    }

    @Test
    void aModelOfAHubsNameIsFoundByItsPath() {
        gateway.directory.put(TestGateway.status(StageKind.DENOISER)
                .addModels(ModelStatus.newBuilder()
                        .setId("org/name")
                        .setCard(TestGateway.CARD.toBuilder().setId("org/name")))
                .build());

        assertThat(new JsonObject(gateway.fetch("/v1/models/org/name").body()).getString("id"))
                .isEqualTo("org/name");
        assertThat(new JsonObject(gateway.fetch("/v1/models/org%2Fname").body()).getString("id"))
                .isEqualTo("org/name");
    }

    @Test
    void showsStagesAndTheirNodes() {
        gateway.directory.put(TestGateway.status(StageKind.DENOISER)
                .setLastBatch(6)
                .setStepSeconds(0.25)
                .putPace(
                        TestGateway.CARD.getId(),
                        ForwardPace.newBuilder().setLoneSeconds(0.125).build())
                .setWaiting(3)
                .setHoldings(Holdings.newBuilder()
                        .addSamples(Holding.newBuilder()
                                .setRef(SampleRef.newBuilder().setJobId("a").setSample(1))))
                .build());

        JsonObject cluster = new JsonObject(gateway.fetch("/v1/cluster").body());

        assertThat(cluster.getJsonArray("stages"))
                .extracting(stage -> ((JsonObject) stage).getString("stage"))
                .containsExactly("text-encoder", "denoiser", "upsampler", "decoder");
        JsonObject denoiser = cluster.getJsonArray("stages")
                .getJsonObject(1)
                .getJsonArray("nodes")
                .getJsonObject(0);
        assertThat(denoiser.getString("node")).isEqualTo(TestStage.NODE);
        assertThat(denoiser.getInteger("last_batch")).isEqualTo(6);
        assertThat(denoiser.getDouble("step_seconds")).isEqualTo(0.25);
        assertThat(denoiser.getJsonArray("models").getJsonObject(0).getDouble("forward_seconds"))
                .isEqualTo(0.125);
        assertThat(denoiser.getInteger("waiting")).isEqualTo(3);
        assertThat(denoiser.getJsonArray("samples")).containsExactly("a/1");
    }

    @Test
    void isReadyWhileAModelHasALiveNodeForEveryStage() {
        assertThat(gateway.fetch("/healthz").statusCode()).isEqualTo(200);
        assertThat(gateway.fetch("/readyz").statusCode()).isEqualTo(200);

        gateway.directory.remove(StageKind.DECODER);

        assertThat(gateway.fetch("/healthz").statusCode()).isEqualTo(200);
        assertThat(gateway.fetch("/readyz").statusCode()).isEqualTo(503);
    }

    @Test
    void countsWhatBecameOfPictures() {
        gateway.generate(new JsonObject().put("prompt", "a"));
        gateway.stage.script(sitting -> sitting.fail("broken", false));
        gateway.generate(new JsonObject().put("prompt", "a"));

        assertThat(gateway.fetch("/metrics").body())
                .contains("weir_gateway_sample_seconds_count{outcome=\"completed\"} 1")
                .contains("weir_gateway_sample_seconds_count{outcome=\"failed\"} 1")
                .contains("weir_gateway_jobs 0.0");
    }
}
