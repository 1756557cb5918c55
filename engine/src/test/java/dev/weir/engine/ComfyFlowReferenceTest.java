package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.diffusion.Row;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Flux.1 and Stable Diffusion 3 along ComfyUI's noise levels: {@code tools/reference/comfy_flow_pictures.py}. */
class ComfyFlowReferenceTest {

    static Stream<Arguments> pictures() {
        return Stream.of("flux", "sd3").flatMap(family -> ReferenceCases.onEachEngine(family + "/comfyui.json")
                .map(Arguments::get)
                .map(one -> Arguments.of(family, one[0], one[1], one[2])));
    }

    /** A row that goes on after its first step ends as one that was not stopped. */
    @ParameterizedTest(name = "{0} {1} {2}")
    @MethodSource("pictures")
    void aPictureIsComfyuis(String family, Engine engine, String name, JsonNode json) throws IOException {
        ReferenceFile tensors = ReferenceFile.open(family + "/comfyui.safetensors");
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        var model = ModelFolder.open(
                ReferenceFile.path(family + "/" + json.get("checkpoint").asText()));
        try (WorkflowRun run = new WorkflowRun(model, target)) {
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
