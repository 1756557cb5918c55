package dev.weir.gateway;

import static dev.weir.gateway.ComfyClient.inputs;
import static dev.weir.gateway.ComfyClient.link;
import static dev.weir.gateway.ComfyClient.node;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.Progress;
import dev.weir.proto.v1.Refining;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Task;
import dev.weir.proto.v1.Workflow;
import io.vertx.core.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** ComfyUI's template for SDXL: two checkpoints, a base and its refiner, and a sampler for each. */
final class ComfyRefinerTest {

    private TestGateway gateway;
    private ComfyPrompts prompts;

    @BeforeEach
    void open() {
        gateway = new TestGateway();
        prompts = new ComfyPrompts(gateway);
        Workflow plain = TestCards.textToImage(32, 64, 8, 64);
        Workflow refined = plain.toBuilder()
                .addStages(2, TestCards.stage(StageKind.UPSAMPLER).setTakesOver(true))
                .build();
        gateway.directory.put(TestGateway.status(StageKind.DENOISER)
                .addModels(ModelStatus.newBuilder()
                        .setId("xl_base_1.0")
                        .addAllStages(List.of("text-encoder", "denoiser", "upsampler", "decoder"))
                        .setCard(TestGateway.CARD.toBuilder()
                                .setId("xl_base_1.0")
                                .clearWorkflows()
                                .addWorkflows(refined)
                                .addWorkflows(TestCards.imageToImage(32, 64, 8, 64))))
                .build());
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    private static JsonObject text(String text, String clip) {
        return node("CLIPTextEncode", "text", text, "clip", link(clip, 1));
    }

    private static JsonObject sampler(JsonObject inputs, String noise, int start, int end, String leftover) {
        JsonObject own = inputs.copy();
        own.remove("denoise");
        own.put("noise_seed", own.remove("seed"))
                .put("add_noise", noise)
                .put("start_at_step", start)
                .put("end_at_step", end)
                .put("return_with_leftover_noise", leftover);
        return node("KSamplerAdvanced").put("inputs", own);
    }

    private static JsonObject graph() {
        JsonObject graph = ComfyClient.template();
        inputs(graph, "4").put("ckpt_name", "xl_base_1.0.safetensors");
        JsonObject common = inputs(graph, "3").put("steps", 10);
        graph.put("3", sampler(common, "enable", 0, 8, "enable"));
        graph.put("12", node("CheckpointLoaderSimple", "ckpt_name", "xl_refiner_1.0.safetensors"));
        graph.put("15", text("a (red:1.2) apple", "12"));
        graph.put("16", text("worms", "12"));
        JsonObject rest = common.copy()
                .put("model", link("12", 0))
                .put("positive", link("15", 0))
                .put("negative", link("16", 0))
                .put("latent_image", link("3", 0))
                .put("cfg", 6);
        graph.put("11", sampler(rest, "disable", 8, 10_000, "disable"));
        inputs(graph, "8").put("samples", link("11", 0)).put("vae", link("12", 2));
        return graph;
    }

    @Test
    void theTwoSamplersAreTwoStagesOfOneJob() {
        Task task = prompts.task(graph());

        Generation made = task.getGeneration();
        Refining refining = made.getRefining();
        assertThat(refining.getFirstStep()).isEqualTo(8);
        assertThat(refining.getGuidanceScale()).isEqualTo(6);
        assertThat(refining.getSize().getWidth()).isEqualTo(64);
        assertThat(refining.getSize().getHeight()).isEqualTo(32);
        assertThat(refining.getAestheticScore()).isEqualTo(6);
        assertThat(refining.getNegativeAestheticScore()).isEqualTo(2.5f);
        assertThat(made.getGuidanceScale()).isEqualTo(8);
        assertThat(task.getRouteList().stream().filter(stage -> stage.getRole() == StageRole.DIFFUSE))
                .extracting(
                        Stage::getForwards,
                        stage -> stage.getSampling().getFirstStep(),
                        stage -> stage.getSampling().getEndStep(),
                        stage -> stage.getSampling().getGuidanceScale())
                .containsExactly(tuple(8, 0, 8, 0f), tuple(2, 8, 0, 6f));
    }

    @Test
    void theNodesOfBothSamplersAreReportedInTheirOrder() {
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.step(4);
            sitting.step(8);
            sitting.tell(
                    StageKind.UPSAMPLER,
                    event -> event.setProgress(Progress.newBuilder().setStep(2).setTotal(2)));
            sitting.finish(ComfyTest.PNG);
        });
        try (ComfyClient client = new ComfyClient(gateway.vertx, gateway.port(), "me")) {
            ComfyClient.prompt(gateway, graph(), "me", "mine");
            client.awaitEnd("mine");

            assertThat(client.of("progress"))
                    .extracting(data -> tuple(data.getString("node"), data.getInteger("value"), data.getInteger("max")))
                    .startsWith(tuple("3", 4, 8))
                    .contains(tuple("3", 8, 8))
                    .endsWith(tuple("11", 2, 2));
            assertThat(client.of("executing"))
                    .extracting(data -> data.getString("node"))
                    .containsExactly("12", "15", "16", "4", "6", "7", "5", "3", "11", "8", "9", null);
            assertThat(client.of("execution_success")).hasSize(1);
        }
    }

    @Test
    void theRefinerIsToldWhatItsNodesSay() {
        JsonObject graph = graph();
        for (String each : List.of("15", "16")) {
            graph.getJsonObject(each).put("class_type", "CLIPTextEncodeSDXLRefiner");
            inputs(graph, each).put("width", 128).put("height", 96).put("ascore", each.equals("15") ? 8 : 1);
        }

        Refining refining = prompts.made(graph).getRefining();

        assertThat(refining.getSize().getWidth()).isEqualTo(128);
        assertThat(refining.getSize().getHeight()).isEqualTo(96);
        assertThat(refining.getAestheticScore()).isEqualTo(8);
        assertThat(refining.getNegativeAestheticScore()).isEqualTo(1);
    }

    @Test
    void aBaseAloneIsNotRefined() {
        JsonObject graph = ComfyClient.template();
        inputs(graph, "4").put("ckpt_name", "xl_base_1.0");

        Generation made = prompts.made(graph);

        assertThat(made.getRefinerStart()).isEqualTo(1);
        assertThat(made.hasRefining()).isFalse();
    }

    @Test
    void aRefinerIsCalledAsItsModel() {
        assertThat(gateway.fetch("/object_info/CheckpointLoaderSimple").body())
                .contains("xl_base_1.0_refiner", "xl_refiner_1.0")
                .doesNotContain("tiny_refiner");
    }

    @Test
    void whatIsNotComputedIsRefusedByItsNode() {
        refused("12", "ckpt_name", "tiny_refiner", "12", "not in");
        refused("12", "ckpt_name", "xl_base_1.0", "11", "only the refiner of xl_base_1.0 goes on");
        refused("11", "start_at_step", 7, "11", "must be 8, where the base stops");
        refused("11", "steps", 11, "11", "steps - must be 10");
        refused("11", "scheduler", "normal", "11", "scheduler - must be karras");
        refused("11", "cfg", 1, "11", "cfg - must be above 1");
        refused("11", "add_noise", "enable", "11", "the noise is that of the base");
        refused("11", "end_at_step", 9, "11", "all steps to the end");
        refused("11", "positive", link("6", 0), "11", "must be encoded by the refiner's CLIP");
        refused("15", "text", "a pear", "11", "Weir has one prompt");
        refused("3", "positive", link("15", 0), "3", "is encoded for a refiner");
        refused("3", "model", link("12", 0), "3", "is the refiner of xl_base_1.0");
        refused("3", "return_with_leftover_noise", "disable", "3", "must be enable");
        refused("8", "samples", link("3", 0), "8", "has noise left");
        assertThat(gateway.stage.sittings()).isEmpty();
    }

    private void refused(String node, String input, Object value, String named, String details) {
        JsonObject graph = graph();
        inputs(graph, node).put(input, value);
        prompts.refused(graph, named, details);
    }
}
