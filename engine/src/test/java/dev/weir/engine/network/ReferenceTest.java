package dev.weir.engine.network;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every network on every engine against what PyTorch recorded for the same weights and inputs. */
@ParameterizedClass
@EnumSource(Engine.class)
record ReferenceTest(Engine engine) {

    private static final double FP32_TOLERANCE = 1e-4;
    private static final int PROMPTS = 6;

    private ComputeTarget target() {
        return new ComputeTarget("cpu", Precision.FP32, engine);
    }

    @ParameterizedTest
    @ValueSource(strings = {"sd1", "sd2", "default"})
    void textStatesAreTheReferences(String checkpoint) {
        var fixture = Fixture.of(checkpoint);
        try (var encoder = Networks.textEncoder(
                fixture.config("text_encoder"),
                fixture.weights("text_encoder"),
                fixture.recordedTokenizer(),
                target())) {
            var prompts =
                    IntStream.range(0, PROMPTS).mapToObj(Integer::toString).toList();
            var together = Fixture.states(encoder, prompts);
            for (int i = 0; i < PROMPTS; i++) {
                var expected = fixture.floats("text/" + i + "/states");
                Fixture.assertClose(together.get(i), expected, FP32_TOLERANCE);
                var alone = Fixture.states(encoder, List.of(prompts.get(i))).get(0);
                Fixture.assertClose(alone, expected, FP32_TOLERANCE);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "sd1,unet,sd1",
        "sd2,unet,sd2",
        "default,unet,default",
        "default/upsampler,unet,default/upsampler",
        "options,unet,options",
        "variants,unet-fp16,sd1",
        "variants,unet-bf16,sd1",
        "variants,unet-sharded,sd1"
    })
    void predictionsAreTheReferences(String checkpoint, String component, String recorded) {
        var weights = Fixture.of(checkpoint);
        var fixture = Fixture.of(recorded);
        try (var unet = Networks.denoiser(weights.config(component), weights.weights(component), target())) {
            for (var size : fixture.sizes()) {
                var rows = fixture.rows(size);
                var shape = fixture.latentShape(size);
                var together = unet.predict(shape, rows);
                for (int i = 0; i < rows.size(); i++) {
                    var alone = unet.predict(shape, List.of(rows.get(i))).get(0);
                    Fixture.assertClose(alone, fixture.row("unet/" + size + "/alone", i), FP32_TOLERANCE);
                    Fixture.assertClose(together.get(i), fixture.row("unet/" + size + "/together", i), FP32_TOLERANCE);
                }
            }
        }
    }
}
