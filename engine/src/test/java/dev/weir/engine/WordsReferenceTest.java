package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.prompt.PromptSyntax;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Text states of prompts in the syntaxes of other tools, against compel's and against the other tools' arithmetic. */
final class WordsReferenceTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("words/states.safetensors");
    /** Every fifth token is recorded. */
    private static final int KEPT = 5;

    @ParameterizedTest
    @CsvSource({"TORCH,checkpoints/sd1", "TORCH,sdxl", "ONNX,checkpoints/sd1", "ONNX,sdxl"})
    void statesAreTheReferences(Engine engine, String model) {
        List<JsonNode> cases = new ArrayList<>();
        ReferenceFile.json("words/states.json").forEach(json -> {
            if (json.get("model").asText().equals(model)) {
                cases.add(json);
            }
        });
        assertThat(cases).hasSizeGreaterThan(10);
        List<Prompt> prompts = cases.stream()
                .map(json -> Prompt.of(json.get("prompt").asText())
                        .in(PromptSyntax.parse(json.get("syntax").asText())))
                .toList();
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        try (TextEncoder encoder = ModelFolder.open(ReferenceFile.path(model)).textEncoder(target)) {
            List<PromptStates> together = encoder.encode(prompts);
            for (int i = 0; i < cases.size(); i++) {
                requireStates(together.get(i), cases.get(i));
                assertThat(together.get(i).isCut()).isFalse();
            }
            int alone = cases.size() - 2;
            requireStates(encoder.encode(prompts.subList(alone, alone + 1)).get(0), cases.get(alone));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Engine.class,
            names = {"TORCH", "ONNX"})
    void thePictureOfAPromptInEachSyntaxIsThatOfDiffusersWithItsStates(Engine engine) throws IOException {
        List<JsonNode> cases = ReferenceCases.of("words/pictures.json").toList();
        assertThat(cases)
                .extracting(json -> json.get("prompt_syntax").asText())
                .containsExactly("a1111", "comfyui", "compel");
        ModelFolder model = ModelFolder.open(ReferenceFile.path("checkpoints/sd1"));
        try (var run = new WorkflowRun(model, new ComputeTarget("cpu", Precision.FP32, engine))) {
            List<Row> rows = cases.stream().map(run::begin).toList();
            run.finish(cases.get(0), rows);
            for (int i = 0; i < rows.size(); i++) {
                String name = cases.get(i).get("name").asText();
                var expected = ImageIO.read(
                        ReferenceFile.path("words/%s.png".formatted(name)).toFile());
                assertThat(Drawing.psnr(run.picture(cases.get(i), rows.get(i)), expected))
                        .as(name)
                        .isGreaterThanOrEqualTo(50);
            }
        }
    }

    private static void requireStates(PromptStates ours, JsonNode json) {
        String name = json.get("case").asText();
        HostTensor states = ours.states().get(Tensors.ENCODER_HIDDEN_STATES);
        assertThat(states.side(0))
                .as(json.toString())
                .isEqualTo(json.get("tokens").asInt());
        int width = states.side(1);
        float[] theirs = TENSORS.floats(name + "/states");
        float[] kept = new float[theirs.length];
        for (int i = 0; i < kept.length; i++) {
            kept[i] = states.values()[i / width * KEPT * width + i % width];
        }
        requireClose(kept, theirs, json.toString());
        ours.states()
                .find("text_embeds")
                .ifPresent(pooled ->
                        requireClose(pooled.values(), TENSORS.floats(name + "/text_embeds"), "pooled of " + json));
    }
}
