package dev.weir.engine.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Denoiser;
import dev.weir.engine.graph.Script;
import dev.weir.engine.torch.Processor;
import dev.weir.engine.torch.TorchBackend;
import dev.weir.engine.torchscript.Numerics;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every network in bf16 on libtorch, near what PyTorch recorded in fp32. */
class Bf16ReferenceTest {

    private static final ComputeTarget BF16 = new ComputeTarget("cpu", Precision.BF16);
    private static final double BF16_FRACTION = 0.03;
    private static final int PROMPTS = 6;

    @ParameterizedTest
    @ValueSource(strings = {"sd1", "sd2", "default"})
    void textStatesInBf16AreNear(String checkpoint) {
        var fixture = Fixture.of(checkpoint);
        try (var encoder = Networks.textEncoder(
                fixture.config("text_encoder"), fixture.weights("text_encoder"), fixture.recordedTokenizer(), BF16)) {
            var prompts =
                    IntStream.range(0, PROMPTS).mapToObj(Integer::toString).toList();
            var together = Fixture.states(encoder, prompts);
            for (int i = 0; i < PROMPTS; i++) {
                Fixture.assertRelative(together.get(i), fixture.floats("text/" + i + "/states"), BF16_FRACTION);
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
        var network = UNet2DConditionModel.read(fixture.config("unet"));
        var script = new Script("UNet2DConditionModel", fixture.weights("unet"));
        network.describe(script);
        try (var unet = network.runBy(Fixture.adaptable(new TorchBackend(Numerics.of(BF16, true)).load(script)))) {
            assertNear(unet, fixture);
        }
    }

    private static void assertNear(Denoiser unet, Fixture fixture) {
        for (var size : fixture.sizes()) {
            var together = unet.predict(fixture.latentShape(size), fixture.rows(size));
            Fixture.assertRelative(concatenated(together), fixture.floats("unet/" + size + "/together"), BF16_FRACTION);
        }
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
