package dev.weir.engine.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Denoiser;
import dev.weir.engine.Denoiser.Row;
import dev.weir.engine.LatentShape;
import dev.weir.engine.graph.Script;
import dev.weir.engine.torch.Processor;
import dev.weir.engine.torch.TorchBackend;
import dev.weir.engine.torchscript.Numerics;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every network against what PyTorch recorded for the same weights and inputs. */
class ReferenceTest {

    private static final ComputeTarget FP32 = new ComputeTarget("cpu", Precision.FP32);
    private static final ComputeTarget BF16 = new ComputeTarget("cpu", Precision.BF16);
    private static final double FP32_TOLERANCE = 1e-4;
    private static final double BF16_FRACTION = 0.03;
    private static final int PROMPTS = 6;

    @ParameterizedTest
    @ValueSource(strings = {"sd1", "sd2", "default"})
    void textStatesAreTheReferences(String checkpoint) {
        var fixture = Fixture.of(checkpoint);
        try (var encoder = Networks.textEncoder(
                fixture.config("text_encoder"), fixture.weights("text_encoder"), fixture.recordedTokenizer(), FP32)) {
            var prompts =
                    IntStream.range(0, PROMPTS).mapToObj(Integer::toString).toList();
            var together = encoder.states(prompts);
            for (int i = 0; i < PROMPTS; i++) {
                var expected = fixture.floats("text/" + i + "/states");
                Fixture.assertClose(together.get(i).values(), expected, FP32_TOLERANCE);
                var alone = encoder.states(List.of(prompts.get(i))).get(0);
                Fixture.assertClose(alone.values(), expected, FP32_TOLERANCE);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"sd1", "sd2", "default"})
    void textStatesInBf16AreNear(String checkpoint) {
        var fixture = Fixture.of(checkpoint);
        try (var encoder = Networks.textEncoder(
                fixture.config("text_encoder"), fixture.weights("text_encoder"), fixture.recordedTokenizer(), BF16)) {
            var prompts =
                    IntStream.range(0, PROMPTS).mapToObj(Integer::toString).toList();
            var together = encoder.states(prompts);
            for (int i = 0; i < PROMPTS; i++) {
                Fixture.assertRelative(
                        together.get(i).values(), fixture.floats("text/" + i + "/states"), BF16_FRACTION);
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
        try (var unet = Networks.denoiser(weights.config(component), weights.weights(component), FP32)) {
            for (var size : fixture.sizes()) {
                var rows = rows(fixture, size);
                var shape = shape(fixture, "unet/" + size + "/sample");
                var together = unet.predict(shape, rows);
                for (int i = 0; i < rows.size(); i++) {
                    var alone = unet.predict(shape, List.of(rows.get(i))).get(0);
                    Fixture.assertClose(alone, fixture.row("unet/" + size + "/alone", i), FP32_TOLERANCE);
                    Fixture.assertClose(together.get(i), fixture.row("unet/" + size + "/together", i), FP32_TOLERANCE);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"sd1", "sd2", "default", "default/upsampler", "options"})
    void predictionsInBf16AreNear(String checkpoint) {
        var fixture = Fixture.of(checkpoint);
        try (var unet = Networks.denoiser(fixture.config("unet"), fixture.weights("unet"), BF16)) {
            assertNear(unet, fixture);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"sd1", "sd2", "default", "default/upsampler", "options"})
    void predictionsFromPackedWeightsAreNear(String checkpoint) {
        assumeTrue(Processor.supports(Precision.BF16), "oneDNN packs no bf16 weights on this CPU");
        var fixture = Fixture.of(checkpoint);
        var config = UNetConfig.read(fixture.config("unet"));
        var script = new Script("UNet2DConditionModel", fixture.weights("unet"));
        new UNet2DConditionModel(config).describe(script);
        try (var unet = new UNetDenoiser(new TorchBackend(Numerics.of(BF16, true)).load(script), config)) {
            assertNear(unet, fixture);
        }
    }

    private static void assertNear(Denoiser unet, Fixture fixture) {
        for (var size : fixture.sizes()) {
            var together = unet.predict(shape(fixture, "unet/" + size + "/sample"), rows(fixture, size));
            Fixture.assertRelative(concatenated(together), fixture.floats("unet/" + size + "/together"), BF16_FRACTION);
        }
    }

    private static List<Row> rows(Fixture fixture, String size) {
        var timesteps = fixture.floats("unet/timesteps");
        var labels = fixture.has("unet/class_labels") ? fixture.longs("unet/class_labels") : null;
        var rows = new ArrayList<Row>();
        for (int i = 0; i < timesteps.length; i++) {
            int label = labels == null ? Denoiser.NO_CLASS : (int) labels[i];
            rows.add(new Row(fixture.row("unet/" + size + "/sample", i), timesteps[i], fixture.context(i), label));
        }
        return rows;
    }

    private static LatentShape shape(Fixture fixture, String tensor) {
        var shape = fixture.shape(tensor);
        return new LatentShape(shape[1], shape[2], shape[3]);
    }

    private static float[] concatenated(List<float[]> rows) {
        var all = new float[rows.size() * rows.get(0).length];
        for (int i = 0; i < rows.size(); i++) {
            System.arraycopy(rows.get(i), 0, all, i * rows.get(i).length, rows.get(i).length);
        }
        assertThat(all).isNotEmpty();
        return all;
    }
}
