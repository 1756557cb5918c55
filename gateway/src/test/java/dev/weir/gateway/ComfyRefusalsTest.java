package dev.weir.gateway;

import static dev.weir.gateway.ComfyClient.inputs;
import static dev.weir.gateway.ComfyClient.link;
import static dev.weir.gateway.ComfyClient.node;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.v1.Field;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.Sampler;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Workflow;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Graphs of ComfyUI that Weir does not run: its errors name the node, the class and the input. */
final class ComfyRefusalsTest {

    private static TestGateway gateway;

    @BeforeAll
    static void open() {
        gateway = new TestGateway();
    }

    @AfterAll
    static void close() {
        gateway.close();
    }

    private static JsonObject refusal(JsonObject graph) {
        HttpResponse<String> response = ComfyClient.post(gateway, "/prompt", new JsonObject().put("prompt", graph));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        return new JsonObject(response.body());
    }

    @Test
    void aNodeThatIsNotThereIsNamed() {
        JsonObject graph = ComfyClient.template();
        graph.put("12", node("FaceDetailer").put("inputs", new JsonObject()));

        JsonObject error = refusal(graph).getJsonObject("error");

        assertThat(error.getString("type")).isEqualTo("missing_node_type");
        assertThat(error.getString("message")).contains("FaceDetailer");
        assertThat(error.getJsonObject("extra_info"))
                .isEqualTo(new JsonObject()
                        .put("node_id", "12")
                        .put("class_type", "FaceDetailer")
                        .put("node_title", "FaceDetailer"));
    }

    private static void assertRefused(String node, String input, Object value, String type, String details) {
        JsonObject graph = ComfyClient.template();
        if (value == null) {
            inputs(graph, node).remove(input);
        } else {
            inputs(graph, node).put(input, value);
        }
        JsonObject body = refusal(graph);
        assertThat(body.getJsonObject("error").getString("type")).isEqualTo("prompt_outputs_failed_validation");
        JsonObject errors = body.getJsonObject("node_errors").getJsonObject(node);
        assertThat(errors).as(body.encode()).isNotNull();
        assertThat(errors.getString("class_type"))
                .isEqualTo(graph.getJsonObject(node).getString("class_type"));
        assertThat(errors.getJsonArray("dependent_outputs")).containsExactly("9");
        JsonObject error = errors.getJsonArray("errors").getJsonObject(0);
        assertThat(error.getString("type")).isEqualTo(type);
        assertThat(error.getString("details")).contains(details);
        assertThat(error.getJsonObject("extra_info").getString("input_name")).isEqualTo(input);
    }

    @Test
    void wrongInputsAreErrorsOfTheirNodes() {
        assertRefused("3", "cfg", null, "required_input_missing", "cfg");
        assertRefused("3", "steps", 0, "value_smaller_than_min", "steps");
        assertRefused("3", "steps", "many", "invalid_input_type", "many");
        assertRefused("3", "seed", "1e-300000000", "invalid_input_type", "1e-300000000");
        assertRefused("3", "cfg", "1e2147483647", "invalid_input_type", "1e2147483647");
        assertRefused("3", "cfg", 101, "value_bigger_than_max", "cfg");
        assertRefused("3", "cfg", 0.5, "value_smaller_than_min", "cfg");
        assertRefused("5", "batch_size", 11, "value_bigger_than_max", "batch_size");
        assertRefused("3", "model", link("4", 1), "return_type_mismatch", "received_type(CLIP)");
        assertRefused("3", "sampler_name", "uni_pc", "value_not_in_list", "'uni_pc' not in [");
        assertRefused("4", "ckpt_name", "other.ckpt", "value_not_in_list", "'other.ckpt' not in [tiny]");
    }

    @Test
    void aLinkThatLeadsNowhereIsQuoted() {
        String ofSampler = " of node '3' (KSampler): ";
        assertRefused(
                "3",
                "model",
                link("44", 0),
                "bad_linked_input",
                "model, received_value([\"44\",0])" + ofSampler + "there is no node '44'");
        assertRefused(
                "3",
                "model",
                link("4", 7),
                "bad_linked_input",
                "model, received_value([\"4\",7])" + ofSampler
                        + "node '4' (CheckpointLoaderSimple) has 3 outputs, counted from 0");
        assertRefused(
                "3",
                "positive",
                link("6", 1),
                "bad_linked_input",
                "positive, received_value([\"6\",1])" + ofSampler
                        + "node '6' (CLIPTextEncode) has 1 output, counted from 0");
        for (Object wrong : List.of(List.of(4, 0), List.of("4"), "4", 4)) {
            assertRefused(
                    "3",
                    "model",
                    wrong,
                    "bad_linked_input",
                    "model, received_value(%s)%sa link is a list of".formatted(Json.encode(wrong), ofSampler));
        }
    }

    @Test
    void whatWeirDoesNotComputeIsAnErrorOfItsNode() {
        assertRefused("5", "width", 512, "custom_validation_failed", "512x32");
        assertRefused("3", "steps", 41, "custom_validation_failed", "from 2 to 40");
        assertRefused("3", "scheduler", "exponential", "custom_validation_failed", "exponential");
        assertRefused("5", "height", 512, "custom_validation_failed", "64x512");
        assertRefused("3", "denoise", 0, "custom_validation_failed", "denoise - leaves no step");
        assertRefused(
                "3", "denoise", 0.01, "custom_validation_failed", "needs a schedule of 400 steps, and at most 40");
    }

    /** Their text encoders would read weights and backslashes as text. */
    @Test
    void weightsAreRefusedForModelsWithoutSyntaxes() {
        ModelCard.Builder card = TestGateway.CARD.toBuilder().setId("glide");
        for (Workflow.Builder workflow : card.getWorkflowsBuilderList()) {
            List<Field> fields = workflow.getFieldsList().stream()
                    .filter(field -> !field.getName().equals("prompt_syntax"))
                    .toList();
            workflow.clearFields().addAllFields(fields);
        }
        try (TestGateway own = new TestGateway()) {
            own.directory.put(TestGateway.status(StageKind.DENOISER)
                    .addModels(ModelStatus.newBuilder()
                            .setId("glide")
                            .addAllStages(List.of("text-encoder", "denoiser", "decoder"))
                            .setCard(card))
                    .build());
            ComfyPrompts prompts = new ComfyPrompts(own);
            JsonObject graph = ComfyClient.template();
            inputs(graph, "4").put("ckpt_name", "glide");
            inputs(graph, "6").put("text", "a (red:1.2) apple");
            prompts.refused(graph, "3", "positive - has weights in brackets, which are not computed for glide");
            inputs(graph, "6").put("text", "an apple \\(red\\)");
            inputs(graph, "7").put("text", "embedding:bad");
            prompts.refused(graph, "3", "negative - has embeddings, and glide takes none");
            inputs(graph, "7").put("text", "blue :)");
            Generation made = prompts.made(graph);
            assertThat(made.getPrompt()).isEqualTo("an apple (red)");
            assertThat(made.getNegativePrompt()).isEqualTo("blue :)");

            graph.put(
                    "20", node("ConditioningCombine", "conditioning_1", link("6", 0), "conditioning_2", link("7", 0)));
            inputs(graph, "3").put("negative", link("20", 0));
            prompts.refused(graph, "3", "negative - glide takes one text");
            graph.put("21", node("ConditioningZeroOut", "conditioning", link("7", 0)));
            inputs(graph, "3").put("negative", link("21", 0));
            prompts.refused(graph, "3", "negative - zeros are not computed for glide");
        }
    }

    /** Its network is guided by a picture too, or a prior reads the prompt. */
    @Test
    void textsForPartsOfARunAreRefusedForModelsThatTakeOneText() {
        ModelCard.Builder edits = TestGateway.CARD.toBuilder().setId("edits");
        ModelCard.Builder prior = TestGateway.CARD.toBuilder().setId("prior");
        edits.getWorkflowsBuilderList()
                .forEach(workflow -> workflow.getStagesBuilder(1).setGuidedRows(3));
        prior.getWorkflowsBuilderList()
                .forEach(workflow -> workflow.getStagesBuilder(1).setPriorSampler(Sampler.getDefaultInstance()));
        try (TestGateway own = new TestGateway()) {
            for (ModelCard.Builder card : List.of(edits, prior)) {
                own.directory.put(TestGateway.status(StageKind.DENOISER)
                        .addModels(ModelStatus.newBuilder()
                                .setId(card.getId())
                                .addAllStages(List.of("text-encoder", "denoiser", "decoder"))
                                .setCard(card))
                        .build());
                ComfyPrompts prompts = new ComfyPrompts(own);
                JsonObject graph = ComfyClient.template();
                inputs(graph, "4").put("ckpt_name", card.getId());
                graph.put(
                        "20",
                        node("ConditioningCombine", "conditioning_1", link("6", 0), "conditioning_2", link("7", 0)));
                inputs(graph, "3").put("negative", link("20", 0));
                prompts.refused(graph, "3", "negative - %s takes one text".formatted(card.getId()));
                graph.put("21", node("ConditioningZeroOut", "conditioning", link("7", 0)));
                inputs(graph, "3").put("negative", link("21", 0));
                if (card == prior) {
                    prompts.refused(graph, "3", "negative - zeros are not computed for prior");
                } else {
                    assertThat(prompts.made(graph).getNegativeConditioningsCount())
                            .isEqualTo(1);
                }
            }
        }
    }

    @Test
    void aGraphWithACycleOrWithoutAnEndIsRefused() {
        assertThat(refusal(new JsonObject()).getJsonObject("error").getString("type"))
                .isEqualTo("prompt_no_outputs");
        JsonObject none = new JsonObject(
                ComfyClient.post(gateway, "/prompt", new JsonObject()).body());
        assertThat(none.getJsonObject("error").getString("type")).isEqualTo("no_prompt");
        JsonObject elsewhere = new JsonObject(ComfyClient.post(
                        gateway,
                        "/prompt",
                        new JsonObject()
                                .put("prompt", ComfyClient.template())
                                .put("partial_execution_targets", List.of("nope")))
                .body());
        assertThat(elsewhere.getJsonObject("error").getString("type")).isEqualTo("prompt_no_outputs");
        assertThat(elsewhere.getJsonObject("error").getString("details")).contains("[nope]");
        JsonObject cycle = ComfyClient.template();
        inputs(cycle, "3").put("latent_image", link("3", 0));
        assertThat(refusal(cycle).getJsonObject("node_errors").encode()).contains("dependency_cycle");
    }

    @Test
    void fieldsOfTheWrongTypeAreRefusedBeforeTheJobStarts() {
        Map<String, Object> wrong = Map.of("client_id", 5, "front", "x", "number", "first", "prompt_id", 5);
        wrong.forEach((field, value) -> {
            JsonObject body =
                    new JsonObject().put("prompt", ComfyClient.template()).put(field, value);

            HttpResponse<String> response = ComfyClient.post(gateway, "/prompt", body);

            assertThat(response.statusCode()).as(field).isEqualTo(400);
            assertThat(response.body()).contains(field);
        });
        JsonObject queue = new JsonObject(gateway.fetch("/queue").body());
        assertThat(queue.getJsonArray("queue_running")).isEmpty();
        assertThat(queue.getJsonArray("queue_pending")).isEmpty();
    }

    @Test
    void aPromptWithTooMuchBesideItsGraphIsRefused() {
        JsonObject body = new JsonObject()
                .put("prompt", ComfyClient.template())
                .put("extra_data", new JsonObject().put("workflow", "x".repeat(2 << 20)));

        HttpResponse<String> response = ComfyClient.post(gateway, "/prompt", body);

        assertThat(response.statusCode()).isEqualTo(413);
        assertThat(new JsonObject(response.body()).getJsonObject("error").getString("type"))
                .isEqualTo("body_too_large");
    }

    @Test
    void queriesAndUploadsSayWhatIsWrong() {
        assertThat(gateway.fetch("/history?offset=-99999999999&max_items=99999999999")
                        .statusCode())
                .isEqualTo(200);
        assertThat(gateway.fetch("/history?offset=1e3").body()).contains("offset must be a whole number");
        assertThat(ComfyClient.post(gateway, "/queue", new JsonObject("{\"delete\": [5, null]}"))
                        .body())
                .contains("delete[0] must be a string, not a number");
        assertThat(ComfyClient.upload(gateway, "/upload/image", "c.png", new byte[1], Map.of("type", "zz"))
                        .body())
                .contains("type must be input");
    }

    @Test
    void aBatchThatNoNumberHoldsIsRefused() {
        JsonObject graph = ComfyClient.template();
        String samples = "5";
        for (int node = 20; node < 30; node++) {
            JsonObject repeated =
                    new JsonObject().put("samples", link(samples, 0)).put("amount", 10);
            samples = Integer.toString(node);
            graph.put(samples, node("RepeatLatentBatch").put("inputs", repeated));
        }
        inputs(graph, "3").put("latent_image", link(samples, 0));

        assertThat(refusal(graph).getJsonObject("node_errors").encode())
                .contains("custom_validation_failed", "from 1 to 10");
    }
}
