package dev.weir.gateway;

import static dev.weir.gateway.ComfyClient.inputs;
import static dev.weir.gateway.ComfyClient.link;
import static dev.weir.gateway.ComfyClient.node;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.weir.proto.v1.Conditioning;
import dev.weir.proto.v1.Conditioning.WhatCase;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Prompts of rectified flows that are more than one text as it stands: weights, zeros, and several in parts of the run. */
final class ComfyFlowPromptsTest {

    private TestGateway gateway;
    private ComfyPrompts prompts;

    @BeforeEach
    void open() {
        gateway = new TestGateway();
        prompts = new ComfyPrompts(gateway);
        var status = TestGateway.status(StageKind.DENOISER);
        for (ModelCard card : List.of(
                TestCards.flow("flux1-dev", true, Set.of("guidance_scale")),
                TestCards.flow("sd3", false, Set.of("guidance_scale", "negative_prompt")))) {
            status.addModels(ModelStatus.newBuilder()
                    .setId(card.getId())
                    .addAllStages(List.of("text-encoder", "denoiser", "decoder"))
                    .setCard(card));
        }
        gateway.directory.put(status.build());
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    /** The prompts are "a (red:1.2) apple" and "worms". */
    private static JsonObject graph(String model) {
        JsonObject graph = ComfyClient.template();
        inputs(graph, "4").put("ckpt_name", model);
        inputs(graph, "3").put("scheduler", "simple").put("cfg", model.equals("sd3") ? 4 : 1);
        return graph;
    }

    /** The first example graph of Stable Diffusion 3. */
    @Test
    void aNegativePromptMayBecomeZerosAfterAPartOfTheRun() {
        JsonObject graph = graph("sd3");
        inputs(graph, "6").put("text", "a red apple");
        graph.put("67", node("ConditioningZeroOut", "conditioning", link("7", 0)));
        graph.put("68", node("ConditioningSetTimestepRange", "conditioning", link("67", 0), "start", 0.1, "end", 1));
        graph.put("70", node("ConditioningSetTimestepRange", "conditioning", link("7", 0), "start", 0, "end", 0.1));
        graph.put("69", node("ConditioningCombine", "conditioning_1", link("68", 0), "conditioning_2", link("70", 0)));
        inputs(graph, "3").put("negative", link("69", 0));
        Task task = prompts.task(graph);
        Generation made = task.getGeneration();

        assertThat(made.getConditioningsList())
                .extracting(Conditioning::getText)
                .containsExactly("a red apple");
        assertThat(made.getNegativeConditioningsList())
                .extracting(
                        Conditioning::getWhatCase, Conditioning::getText, Conditioning::getStart, Conditioning::getEnd)
                .containsExactly(tuple(WhatCase.WHAT_NOT_SET, "", 0.1, 1.0), tuple(WhatCase.TEXT, "worms", 0.0, 0.1));
        assertThat(made.getNegativePrompt()).isEqualTo("worms");
        assertThat(task.getRouteList())
                .filteredOn(stage -> stage.getName().equals("denoiser"))
                .allMatch(stage -> stage.getRows() == 3);
    }

    @Test
    void weightsAreReadAsComfyuiReadsThem() {
        JsonObject graph = graph("sd3");
        inputs(graph, "7").put("text", "worms \\(old\\)");
        Generation made = prompts.made(graph);

        assertThat(made.getPromptSyntax()).isEqualTo("comfyui");
        assertThat(made.getPrompt()).isEqualTo("a (red:1.2) apple");
        assertThat(made.getConditioningsList())
                .extracting(Conditioning::getText)
                .containsExactly("a (red:1.2) apple");
        assertThat(made.getNegativeConditioningsList())
                .extracting(Conditioning::getText)
                .containsExactly("worms \\(old\\)");
    }

    @Test
    void fluxHasWeightsToo() {
        Generation made = prompts.made(graph("flux1-dev"));

        assertThat(made.getPromptSyntax()).isEqualTo("comfyui");
        assertThat(made.getConditioningsList())
                .extracting(Conditioning::getText)
                .containsExactly("a (red:1.2) apple");
        assertThat(made.getNegativeConditioningsCount()).isZero();
        assertThat(made.getGuidanceScale()).isEqualTo(3.5f);
    }

    @Test
    void bracketsThatAreTextAreReadAsTheyStand() {
        JsonObject graph = graph("sd3");
        inputs(graph, "6").put("text", "a \\(red\\) apple :)");
        Generation made = prompts.made(graph);

        assertThat(made.getPromptSyntax()).isEmpty();
        assertThat(made.getPrompt()).isEqualTo("a (red) apple :)");
        assertThat(made.getConditioningsCount()).isZero();
    }

    /** ComfyUI cuts the text there, and its tokens are not those of the whole. */
    @Test
    void aBracketThatIsNotClosedIsReadAsComfyuiReadsIt() {
        JsonObject graph = graph("sd3");
        inputs(graph, "6").put("text", "sad :( face");
        Generation made = prompts.made(graph);

        assertThat(made.getPromptSyntax()).isEqualTo("comfyui");
        assertThat(made.getConditioningsList())
                .extracting(Conditioning::getText)
                .containsExactly("sad :( face");
    }

    /** There, a range counts by the levels of the guider's model, and a run by those of the scheduler's. */
    @Test
    void partsOfARunAreCountedByTheLevelsThatItHas() {
        JsonObject graph = graph("sd3");
        graph.put("30", node("ModelSamplingSD3", "model", link("4", 0), "shift", 6));
        graph.put("31", node("ConditioningSetTimestepRange", "conditioning", link("7", 0), "start", 0, "end", 1));
        graph.put("32", node("CFGGuider", "model", link("4", 0), "positive", link("6", 0), "negative", link("31", 0)));
        inputs(graph, "32").put("cfg", 4);
        graph.put("33", node("RandomNoise", "noise_seed", 5));
        graph.put("34", node("KSamplerSelect", "sampler_name", "euler"));
        graph.put("35", node("BasicScheduler", "model", link("30", 0), "scheduler", "simple", "steps", 20));
        inputs(graph, "35").put("denoise", 1);
        graph.put("3", node("SamplerCustomAdvanced", "noise", link("33", 0), "guider", link("32", 0)));
        inputs(graph, "3")
                .put("sampler", link("34", 0))
                .put("sigmas", link("35", 0))
                .put("latent_image", link("5", 0));
        assertThat(prompts.made(graph).getFlowTable().getShift()).isEqualTo(6);

        inputs(graph, "31").put("end", 0.5);
        prompts.refused(graph, "3", "sigmas - has other noise levels than the guider's model");
        inputs(graph, "32").put("cfg", 1);
        assertThat(prompts.send(graph).statusCode()).isEqualTo(200);
        inputs(graph, "32").put("cfg", 4).put("model", link("30", 0));
        assertThat(prompts.send(graph).statusCode()).isEqualTo(200);

        graph.put("3", node("SamplerCustom", "model", link("4", 0), "add_noise", true, "noise_seed", 5, "cfg", 4));
        inputs(graph, "3")
                .put("positive", link("6", 0))
                .put("negative", link("31", 0))
                .put("sampler", link("34", 0))
                .put("sigmas", link("35", 0))
                .put("latent_image", link("5", 0));
        prompts.refused(graph, "3", "sigmas - has other noise levels than the guider's model");
    }

    @Test
    void whatIsNotComputedIsRefusedByTheSampler() {
        JsonObject graph = graph("sd3");
        graph.put("67", node("ConditioningZeroOut", "conditioning", link("7", 0)));
        inputs(graph, "3").put("positive", link("67", 0));
        prompts.refused(graph, "3", "positive - zeros are computed for the negative prompt only");

        graph.put("71", node("ConditioningConcat", "conditioning_to", link("6", 0), "conditioning_from", link("7", 0)));
        inputs(graph, "3").put("positive", link("71", 0));
        prompts.refused(graph, "3", "positive - sd3 reads each text for itself");

        JsonObject flux = graph("flux1-dev");
        flux.put("72", node("ConditioningCombine", "conditioning_1", link("6", 0), "conditioning_2", link("7", 0)));
        inputs(flux, "3").put("positive", link("72", 0));
        prompts.refused(flux, "3", "positive - flux1-dev takes one text");
    }
}
