package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.gateway.api.ApiError;
import dev.weir.proto.v1.Field;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Lora;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Sampling;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.stage.Failure;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.math.BigInteger;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a request may say depends on its model: text, a class, or nothing. */
final class ModelFieldsTest {

    private static final ModelCard DIGITS = card(
            "digits",
            Field.newBuilder().setName("class_label").setNeeded(true).setMax(9).build(),
            TestCards.number("guidance_scale", 20));
    private static final ModelCard CHURCHES = card("churches");
    private static final ModelCard PRIORS = withPrior("priors");
    private static final ModelCard VARIANTS = varying("variants");

    private TestGateway gateway;

    @BeforeEach
    void open() {
        gateway = new TestGateway();
        for (StageKind kind : List.of(StageKind.DENOISER, StageKind.DECODER)) {
            NodeStatus.Builder status = TestGateway.status(kind);
            for (ModelCard card : List.of(DIGITS, CHURCHES, VARIANTS, PRIORS)) {
                status.addModels(ModelStatus.newBuilder()
                        .setId(card.getId())
                        .addStages(Addresses.name(kind))
                        .setCard(card));
            }
            gateway.directory.put(status.build());
        }
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    @Test
    void aModelWithoutTextIsAskedWithNothing() {
        Task task = made(new JsonObject().put("model", "churches"));

        assertThat(task.getRouteList()).extracting(Stage::getName).containsExactly("denoiser", "decoder");
        assertThat(task.getGeneration().getGuidanceScale()).isEqualTo(1);
        assertThat(task.getGeneration().getPrompt()).isEmpty();
        assertThat(made(new JsonObject().put("model", "churches").put("prompt", ""))
                        .getRouteCount())
                .as("OpenAI's libraries always send a prompt")
                .isEqualTo(2);
    }

    @Test
    void aModelThatVariesPicturesTakesOneAndMakesItsOwnSize() {
        JsonObject picture = new JsonObject().put("model", "variants").put("init_image", AttachmentsTest.photo());
        Generation generation = made(picture).getGeneration();

        assertThat(generation.getAttachmentsList()).hasSize(1);
        assertThat(generation.getWidth()).isEqualTo(64);
        assertThat(generation.getHeight()).isEqualTo(64);
        refused(new JsonObject().put("model", "variants"), "missing_required_parameter", "init_image", "required");
        refused(picture.copy().put("prompt", "a cat"), "unsupported_parameter", "prompt", "takes init_image");
        assertThat(generation.getNoiseLevel()).isEqualTo(5);
        assertThat(made(picture.copy().put("noise_level", 999)).getGeneration().getNoiseLevel())
                .isEqualTo(999);
        refused(picture.copy().put("noise_level", 1000), "out_of_range", "noise_level", "from 0 to 999");
        refused(
                new JsonObject().put("model", "churches").put("noise_level", 3),
                "unsupported_parameter",
                "noise_level",
                "not taken");
        refused(picture.copy().put("strength", 0.5), "unsupported_parameter", "strength", "takes init_image");
    }

    @Test
    void aPriorSamplesAsItsOwnFieldsSay() {
        Task usual = made(new JsonObject().put("model", "priors"));
        assertThat(usual.getRouteList()).extracting(Stage::getForwards).containsExactly(49, 4, 1);
        assertThat(usual.getRoute(0).getRows()).isEqualTo(2);
        assertThat(usual.getRoute(0).getSampling().getGuidanceScale()).isEqualTo(4);
        assertThat(usual.getRoute(0).getArea()).isEqualTo(1);

        Task own = made(new JsonObject()
                .put("model", "priors")
                .put("prior_steps", 3)
                .put("prior_guidance_scale", 1)
                .put("num_inference_steps", 7));
        assertThat(own.getRouteList()).extracting(Stage::getForwards).containsExactly(5, 7, 1);
        assertThat(own.getRoute(0).getRows()).isEqualTo(1);
        assertThat(own.getRoute(0).getSampling().getSteps()).isEqualTo(3);
        assertThat(own.getRoute(1).getSampling().hasGuidanceScale()).isFalse();
        refused(
                new JsonObject().put("model", "priors").put("prior_steps", 1001),
                "out_of_range",
                "prior_steps",
                "from 1 to 1000");
        refused(
                new JsonObject().put("model", "churches").put("prior_guidance_scale", 2),
                "unsupported_parameter",
                "prior_guidance_scale",
                "not taken");
    }

    @Test
    void aFieldThatAnotherOneNeedsIsAskedForWithTheReason() {
        refused(
                new JsonObject().put("prompt", "a").put("strength", 0.5),
                "missing_required_parameter",
                "init_image",
                "is required where strength is given");
        refused(new JsonObject().put("steps", 3), "unknown_parameter", "steps", "is unknown");
        refused(new JsonObject().put("seed", 1), "missing_required_parameter", "prompt", "prompt is required");
    }

    @Test
    void aSamplerWithoutSchedulesSaysSo() {
        refused(
                new JsonObject().put("prompt", "a").put("sampler", "ddim").put("schedule", "karras"),
                "unsupported_parameter",
                "schedule",
                "is not taken by the sampler ddim, which has no schedules");
        refused(
                new JsonObject().put("prompt", "a").put("sampler", "euler").put("schedule", "beta"),
                "invalid_value",
                "schedule",
                "must be one of [karras]");
    }

    /** A stage says that a mask is missing only when it has seen that the image has no transparent part. */
    @Test
    void aFailureAboutAFieldNamesItAsParam() {
        assertThat(ApiError.of(new Failure("invalid_task", "mask is missing, and so on", false))
                        .param())
                .isEqualTo("mask");
        assertThat(ApiError.of(new Failure("invalid_image", "init_image: no image", false))
                        .param())
                .isEqualTo("init_image");
        assertThat(ApiError.of(new Failure("invalid_task", "latent of [4] is not", false))
                        .param())
                .isNull();
        assertThat(ApiError.of(new Failure("step_failed", "mask is lost", true)).param())
                .isNull();
    }

    @Test
    void aClassConditionalModelIsAskedWithAClass() {
        JsonObject three = new JsonObject().put("model", "digits").put("class_label", 3);
        Generation generation = made(three).getGeneration();

        assertThat(generation.hasClassLabel()).isTrue();
        assertThat(generation.getClassLabel()).isEqualTo(3);
        assertThat(generation.getGuidanceScale()).isEqualTo(4);
        refused(new JsonObject().put("model", "digits"), "missing_required_parameter", "class_label", "required");
        refused(three.copy().put("class_label", 10), "out_of_range", "class_label", "from 0 to 9");
        refused(three.copy().put("guidance_scale", 21), "out_of_range", "guidance_scale", "to 20");
    }

    @Test
    void aFieldThatTheModelDoesNotTakeIsNamedWithThoseThatItTakes() {
        refused(
                new JsonObject().put("model", "digits").put("prompt", "a three"),
                "unsupported_parameter",
                "prompt",
                "is not taken by \"digits\", which takes class_label, guidance_scale");
        refused(
                new JsonObject().put("model", "churches").put("guidance_scale", 3),
                "unsupported_parameter",
                "guidance_scale",
                "is not taken by \"churches\", which takes none of these fields");
        refused(new JsonObject().put("model", "tiny"), "missing_required_parameter", "prompt", "required");
    }

    @Test
    void lorasAreThoseThatNodesHaveForTheModel() {
        Lora pixel = Lora.newBuilder()
                .setName("pixel")
                .setFingerprint("abc")
                .addStages("denoiser")
                .build();
        gateway.directory.put(TestGateway.status(StageKind.DENOISER)
                .addModels(ModelStatus.newBuilder()
                        .setId("churches")
                        .addStages("denoiser")
                        .setCard(CHURCHES.toBuilder().addLoras(pixel)))
                .build());
        JsonObject churches = new JsonObject().put("model", "churches");
        JsonObject named = new JsonObject().put("name", "pixel").put("weight", -0.5);

        Generation generation =
                made(churches.copy().put("loras", new JsonArray().add(named))).getGeneration();

        assertThat(generation.getLorasList())
                .containsExactly(pixel.toBuilder().setWeight(-0.5f).build());
        refused(
                churches.copy().put("loras", new JsonArray().add(new JsonObject().put("name", "other"))),
                "unknown_lora",
                "loras[0].name",
                "\"other\" is no LoRA that a node has for the model churches; there are pixel");
        refused(
                new JsonObject().put("model", "digits").put("class_label", 3).put("loras", new JsonArray().add(named)),
                "unknown_lora",
                "loras[0].name",
                "there are none");
        refused(
                churches.copy().put("loras", new JsonArray().add(named).add(named)),
                "invalid_value",
                "loras[1].name",
                "named twice");
        refused(
                churches.copy().put("loras", new JsonArray().add(named.copy().put("weight", 11))),
                "out_of_range",
                "loras[0].weight",
                "from -10 to 10");
        refused(churches.copy().put("loras", named), "invalid_type", "loras", "an array of objects");
    }

    @Test
    void theEmptyPromptIsAPrompt() {
        Task task = made(new JsonObject().put("prompt", ""));

        assertThat(task.getModel()).isEqualTo("tiny");
        assertThat(task.getRouteCount()).isEqualTo(3);
    }

    @Test
    void modelsSayWhatTheyTake() {
        JsonObject churches =
                new JsonObject(gateway.fetch("/v1/models/churches").body());
        JsonObject digits = new JsonObject(gateway.fetch("/v1/models/digits").body());

        assertThat(churches.getJsonArray("workflows").getJsonObject(0).getJsonArray("fields"))
                .isEmpty();
        assertThat(churches.getBoolean("ready")).isTrue();
        JsonArray fields = digits.getJsonArray("workflows").getJsonObject(0).getJsonArray("fields");
        assertThat(fields.getJsonObject(0))
                .isEqualTo(new JsonObject()
                        .put("name", "class_label")
                        .put("required", true)
                        .put("min", 0.0)
                        .put("max", 9.0));
        JsonObject tiny = new JsonObject(gateway.fetch("/v1/models/tiny").body());
        assertThat(tiny.getJsonArray("sampler_choices").getJsonObject(1))
                .isEqualTo(new JsonObject()
                        .put("name", "euler")
                        .put("schedules", new JsonArray().add("karras"))
                        .put("takes_eta", false)
                        .put("min_steps", 2)
                        .put("max_steps", 40));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "9007199254740991", "9007199254740993", "9223372036854775808", "18446744073709551615"})
    void everySeedComesBackUnrounded(String seed) {
        BigInteger value = new BigInteger(seed);
        for (Object written : new Object[] {value, seed}) {
            HttpResponse<String> response =
                    gateway.generate(new JsonObject().put("prompt", "a").put("seed", written));

            assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
            assertThat(lastTask().getGeneration().getSeed()).isEqualTo(value.longValue());
            Object told = told(response).getValue("seed");
            assertThat(told.toString()).isEqualTo(seed);
            assertThat(told instanceof String)
                    .as("a number that is exact everywhere, else a string")
                    .isEqualTo(value.bitLength() > 53);
        }
    }

    @Test
    void theSeedMinusOneIsARandomOneThatIsTold() {
        HttpResponse<String> response =
                gateway.generate(new JsonObject().put("prompt", "a").put("seed", -1));

        assertThat(told(response).getLong("seed"))
                .isNotNegative()
                .isEqualTo(lastTask().getGeneration().getSeed());
    }

    @Test
    void samplingOptionsTravelWithTheStageThatSamples() {
        JsonObject apple = new JsonObject().put("prompt", "a").put("noise", "cuda");
        Task euler = made(apple.copy().put("sampler", "euler").put("schedule", "karras"));
        Task ddim = made(apple.copy()
                .put("eta", 0.5)
                .put("clip_skip", 2)
                .put("crop", "16,32")
                .put("image_guidance_scale", 1.25));

        assertThat(euler.getRoute(1).getSampling())
                .isEqualTo(Sampling.newBuilder()
                        .setSampler("euler")
                        .setSchedule("karras")
                        .setSteps(4)
                        .build());
        assertThat(euler.getGeneration().getNoise()).isEqualTo("cuda");
        assertThat(ddim.getRoute(1).getSampling().getEta()).isEqualTo(0.5f);
        assertThat(ddim.getGeneration().getClipSkip()).isEqualTo(2);
        assertThat(ddim.getGeneration().getImageGuidanceScale()).isEqualTo(1.25f);
        assertThat(ddim.getGeneration().getCrop().getY()).isEqualTo(32);
    }

    private Task made(JsonObject body) {
        HttpResponse<String> response = gateway.generate(body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return lastTask();
    }

    private Task lastTask() {
        return gateway.stage.sittings().get(gateway.stage.sittings().size() - 1).task;
    }

    private static JsonObject told(HttpResponse<String> response) {
        return new JsonObject(response.body())
                .getJsonArray("data")
                .getJsonObject(0)
                .getJsonObject("x_weir");
    }

    private void refused(JsonObject body, String code, String param, String inMessage) {
        JsonObject error = new JsonObject(gateway.generate(body).body()).getJsonObject("error");
        assertThat(error.getString("code")).as(error.encode()).isEqualTo(code);
        assertThat(error.getString("param")).isEqualTo(param);
        assertThat(error.getString("message")).contains(inMessage);
    }

    private static ModelCard card(String id, Field... fields) {
        return TestGateway.CARD.toBuilder()
                .setId(id)
                .clearWorkflows()
                .addWorkflows(TestCards.withoutText(fields))
                .build();
    }

    /** Its prior's sampler calls the network twice a step, once at the last. */
    private static ModelCard withPrior(String id) {
        ModelCard.Builder card = card(
                id,
                TestCards.number("prior_steps", 1000).toBuilder()
                        .setMin(1)
                        .setUsual(25)
                        .build(),
                TestCards.number("prior_guidance_scale", 50).toBuilder()
                        .setUsual(4)
                        .build())
                .toBuilder();
        card.getWorkflowsBuilder(0)
                .addStages(
                        0,
                        TestCards.stage(StageKind.DENOISER)
                                .clearTakes()
                                .setPriorSampler(TestCards.sampler("heun")
                                        .setCallsPerStep(2)
                                        .setExtraCalls(-1)));
        return card.build();
    }

    /** The size of a picture would fit the model, which does not look at it. */
    private static ModelCard varying(String id) {
        ModelCard.Builder card = card(
                id,
                Field.newBuilder().setName("init_image").setNeeded(true).build(),
                TestCards.number("noise_level", 999).toBuilder().setUsual(5).build())
                .toBuilder();
        card.getWorkflowsBuilder(0).setOwnSize(true).getSizesBuilder().setMin(8).setMultiple(2);
        return card.build();
    }
}
