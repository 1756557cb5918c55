package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.prompt.PromptSyntax;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Flux.1, Stable Diffusion 3 and Z-Image along ComfyUI's noise levels: {@code tools/reference/comfy_flow_pictures.py}. */
class ComfyFlowReferenceTest {

    @RegisterExtension
    static final Opened<WorkflowRun> OPENED = new Opened<>();

    static Stream<Arguments> pictures() {
        return Stream.of("flux", "sd3", "z_image")
                .flatMap(family -> ReferenceCases.onEachEngine(family + "/comfyui.json")
                        .map(Arguments::get)
                        .map(one -> Arguments.of(family, one[0], one[1], one[2])));
    }

    /** A row that goes on after its first step ends as one that was not stopped. */
    @ParameterizedTest(name = "{0} {1} {2}")
    @MethodSource("pictures")
    void aPictureIsComfyuis(String family, Engine engine, String name, JsonNode json) throws IOException {
        ReferenceFile tensors = ReferenceFile.open(family + "/comfyui.safetensors");
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        var folder = ReferenceFile.path(family + "/" + json.get("checkpoint").asText());
        WorkflowRun run = OPENED.of(List.of(folder, engine), () -> new WorkflowRun(ModelFolder.open(folder), target));
        Row row = run.begin(json);
        run.step(json, List.of(row));
        requireClose(row.state().sample(), tensors.floats(name + "/step 0"));
        Row again = run.begin(json).at(row.state(), row.noisePosition());
        run.finish(json, List.of(again));
        requireClose(again.state().sample(), tensors.floats(name + "/end"));
        var expected = ImageIO.read(
                ReferenceFile.path(family + "/comfyui-" + name + ".png").toFile());
        assertThat(Drawing.psnr(run.picture(json, again), expected)).isGreaterThan(50);
    }

    /** All texts have one length, also those with weights, and the end of a long one is not read. */
    @ParameterizedTest
    @ValueSource(strings = {"flux/dev", "sd3/sd3"})
    void aPromptOfComfyuiHasTheLengthOfAPlainOne(String folder) {
        var target = new ComputeTarget("cpu", Precision.FP32, Engine.TORCH);
        try (TextEncoder encoder = ModelFolder.open(ReferenceFile.path(folder)).textEncoder(target)) {
            String words = "red apple ".repeat(600);
            List<PromptStates> read = encoder.encode(List.of(
                    Prompt.of("a (red) apple"),
                    Prompt.of("a \\(red\\) apple").in(PromptSyntax.COMFYUI),
                    Prompt.of(words),
                    Prompt.of("(%s:1.2)".formatted(words)).in(PromptSyntax.COMFYUI)));
            for (String name : read.get(0).states().byName().keySet()) {
                assertThat(read.get(1).states().get(name).values())
                        .isEqualTo(read.get(0).states().get(name).values());
                assertThat(read.get(3).states().get(name).shape())
                        .isEqualTo(read.get(0).states().get(name).shape());
            }
            assertThat(read.get(3).cut()).isNotEmpty().isEqualTo(read.get(2).cut());
        }
    }

    private static void requireClose(float[] ours, float[] theirs) {
        assertThat(ours).hasSameSizeAs(theirs);
        double scale = 1;
        for (float value : theirs) {
            scale = Math.max(scale, Math.abs(value));
        }
        for (int i = 0; i < ours.length; i++) {
            assertThat((double) ours[i]).isCloseTo(theirs[i], within(1e-4 * scale));
        }
    }
}
