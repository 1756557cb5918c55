package dev.weir.gateway;

import static dev.weir.gateway.ComfyClient.inputs;
import static dev.weir.gateway.ComfyClient.link;
import static dev.weir.gateway.ComfyClient.node;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.v1.Conditioning;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import io.vertx.core.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Samplers of parts of ComfyUI, where they count otherwise than its class {@code KSampler}. */
final class ComfyPartsTest {

    private static final List<String> SCHEDULES = List.of("comfyui_simple", "comfyui_ddim_uniform");

    private TestGateway gateway;
    private ComfyPrompts prompts;

    @BeforeEach
    void open() {
        gateway = new TestGateway();
        prompts = new ComfyPrompts(gateway);
        ModelCard.Builder card = TestGateway.CARD.toBuilder().setId("rich").clearSamplers();
        for (String sampler : List.of("euler", "kdpm2", "kdpm2_ancestral")) {
            card.addSamplers(
                    TestCards.sampler(sampler).addAllSchedules(SCHEDULES).setMostSteps(1000));
        }
        gateway.directory.put(TestGateway.status(StageKind.DENOISER)
                .addModels(ModelStatus.newBuilder()
                        .setId("rich")
                        .addAllStages(List.of("text-encoder", "denoiser", "decoder"))
                        .setCard(card))
                .build());
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    private static JsonObject template() {
        JsonObject graph = ComfyClient.template();
        inputs(graph, "4").put("ckpt_name", "rich");
        inputs(graph, "3").put("scheduler", "simple");
        return graph;
    }

    /** The template with a guider that has no scale. */
    private static JsonObject ofParts() {
        JsonObject graph = template();
        graph.put("20", node("RandomNoise", "noise_seed", 5));
        graph.put("21", node("BasicGuider", "model", link("4", 0), "conditioning", link("6", 0)));
        graph.put("22", node("KSamplerSelect", "sampler_name", "euler"));
        graph.put("23", node("BasicScheduler", "model", link("4", 0), "scheduler", "simple", "steps", 30));
        inputs(graph, "23").put("denoise", 1);
        graph.put("3", node("SamplerCustomAdvanced", "noise", link("20", 0), "guider", link("21", 0)));
        inputs(graph, "3")
                .put("sampler", link("22", 0))
                .put("sigmas", link("23", 0))
                .put("latent_image", link("5", 0));
        return graph;
    }

    /** Only {@code KSampler} leaves out a noise level for them. */
    @ParameterizedTest
    @ValueSource(strings = {"dpm_2", "dpm_2_ancestral"})
    void samplersWithOtherLevelsThereAreRefusedOfParts(String sampler) {
        JsonObject graph = ofParts();
        inputs(graph, "22").put("sampler_name", sampler);
        prompts.refused(graph, "22", "sampler_name: '%s' not in [".formatted(sampler));

        JsonObject whole = template();
        inputs(whole, "3").put("sampler_name", sampler);
        assertThat(prompts.made(whole).getSampler()).isEqualTo("k" + sampler.replace("_2", "2"));
    }

    /** {@code BasicScheduler} cuts what is longer than its steps. */
    @ParameterizedTest
    @CsvSource({"30,1,30", "20,0.6,33", "600,1,600"})
    void aScheduleThatIsLongerThanItsStepsIsRefused(int steps, double denoise, int all) {
        JsonObject graph = ofParts();
        inputs(graph, "23").put("scheduler", "ddim_uniform").put("steps", steps).put("denoise", denoise);

        prompts.refused(graph, "23", "steps - makes a schedule of %d steps".formatted(all));
    }

    @Test
    void aScheduleOfAsManyStepsIsTaken() {
        JsonObject graph = ofParts();
        inputs(graph, "23").put("scheduler", "ddim_uniform").put("steps", 25);
        Generation made = prompts.made(graph);

        assertThat(made.getSchedule()).isEqualTo("comfyui_ddim_uniform");
        assertThat(made.getSteps()).isEqualTo(25);
    }

    @Test
    void anotherSamplerTakesTheLongerSchedule() {
        JsonObject graph = template();
        inputs(graph, "3").put("scheduler", "ddim_uniform").put("steps", 30);

        assertThat(prompts.made(graph).getSteps()).isEqualTo(30);
    }

    /** They are rows of the prompt alone. */
    @Test
    void aGuiderWithoutAScaleHasNoNegativePrompt() {
        JsonObject graph = ofParts();
        String last = "6";
        for (int i = 0; i < 4; i++) {
            graph.put("3" + i, node("CLIPTextEncode", "text", "hill " + i, "clip", link("4", 1)));
            graph.put("4" + i, node("ConditioningCombine", "conditioning_1", link(last, 0)));
            inputs(graph, "4" + i).put("conditioning_2", link("3" + i, 0));
            last = "4" + i;
        }
        inputs(graph, "21").put("conditioning", link(last, 0));
        Generation made = prompts.made(graph);

        assertThat(made.getGuidanceScale()).isEqualTo(1);
        assertThat(made.hasNegativePrompt()).isFalse();
        assertThat(made.getConditioningsList())
                .extracting(Conditioning::getText)
                .containsExactly("a (red:1.2) apple", "hill 0", "hill 1", "hill 2", "hill 3");
        assertThat(made.getNegativeConditioningsCount()).isZero();
    }

    @Test
    void aNegativePromptCountsWithGuidance() {
        JsonObject graph = template();
        graph.put("24", node("CLIPSetLastLayer", "clip", link("4", 1), "stop_at_clip_layer", -2));
        inputs(graph, "7").put("clip", link("24", 0));
        prompts.refused(graph, "3", "negative - must be encoded as the positive one");

        inputs(graph, "3").put("cfg", 1);
        Generation made = prompts.made(graph);
        assertThat(made.hasNegativePrompt()).isFalse();
        assertThat(made.getGuidanceScale()).isEqualTo(1);
    }

    @Test
    void lessGuidanceThanNoneIsRefused() {
        JsonObject graph = template();
        inputs(graph, "3").put("cfg", 0.5);

        prompts.refused(graph, "3", "cfg");
    }
}
