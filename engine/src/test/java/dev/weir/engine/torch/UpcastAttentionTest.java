package dev.weir.engine.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.graph.Graph.Mask;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.network.Networks;
import dev.weir.engine.torchscript.Numerics;
import dev.weir.engine.torchscript.TorchScript;
import dev.weir.engine.weights.Weights;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** In which type attention is computed: {@code upcast_attention} of a config.json, and scores that fp16 does not hold. */
class UpcastAttentionTest {

    private static final Pattern ATTENTION =
            Pattern.compile("scaled_dot_product_attention\\((v\\d+), (v\\d+), (v\\d+),");

    @ParameterizedTest
    @CsvSource({
        "checkpoints/sd1/unet,true,FP16,true",
        "checkpoints/sd1/unet,false,FP16,false",
        "checkpoints/sd1/unet,true,BF16,false",
        "checkpoints/sd1/unet,true,FP32,false",
        "dit/plain/transformer,true,FP16,true",
        "dit/plain/transformer,false,FP16,false"
    })
    void attentionIsInFp32WhereTheConfigSaysSoAndTheRestIsInFp16(
            String folder, boolean asked, Precision precision, boolean upcast) {
        var config = (ObjectNode) JsonFile.read(ReferenceFile.path(folder + "/config.json"));
        config.put("upcast_attention", asked);
        var numerics = Numerics.of(new ComputeTarget("cuda:0", precision), false);
        var source = new String(
                TorchScript.archive(Networks.describe(config), numerics, List.of(), List.of()), StandardCharsets.UTF_8);
        var calls = ATTENTION.matcher(source).results().toList();
        assertThat(calls).isNotEmpty().allSatisfy(call -> {
            for (int input = 1; input <= 3; input++) {
                var exact = "%s = torch.transpose(torch.unflatten(torch.to(".formatted(call.group(input));
                assertThat(source.contains(exact)).as(call.group()).isEqualTo(upcast);
            }
        });
    }

    /** Whichever way it is computed, no score is kept in fp16. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void scoresBeyondTheRangeOfFp16AreNoInfinities(boolean upcast) {
        assertThat(attended(upcast, Mask.NONE)).containsExactly(10, 20, 10, 20);
    }

    @Test
    void aMaskIsUpcastToo() {
        assertThat(attended(true, null)[0]).isCloseTo(10, within(0.01f));
    }

    /** Two tokens, both of which attend to the first one: its score is 90000 to the root of 1, and the other's is 0. */
    private static float[] attended(boolean upcast, Mask mask) {
        var script = new Script("Attention", Weights.NONE);
        if (upcast) {
            script.upcastAttention();
        }
        var g = script.method("forward", "q", "k", "v", "kept");
        var q = g.cast(g.input(Input.Kind.SEQUENCE, "q", 1, 2));
        var k = g.cast(g.input(Input.Kind.SEQUENCE, "k", 1, 2));
        var v = g.cast(g.input(Input.Kind.SEQUENCE, "v", 2, 2));
        var kept = g.maskOf(g.input(Input.Kind.FLAGS, "kept", 1, 2));
        g.returns(g.attention(q, k, v, 1, mask == null ? kept : mask));
        var backend = new TorchBackend(Numerics.of(new ComputeTarget("cpu", Precision.FP16), false));
        try (var network = backend.load(script)) {
            return network.run(
                    "forward",
                    List.of(
                            floats(1, 300, 300),
                            floats(1, 300, 0),
                            floats(2, 10, 20, 30, 40),
                            Feed.booleans(bytes -> bytes.put(new byte[] {1, 1}), 1, 2)),
                    bytes -> {
                        var values = new float[4];
                        bytes.asFloatBuffer().get(values);
                        return values;
                    });
        }
    }

    private static Feed floats(int width, float... values) {
        return Feed.floats(bytes -> bytes.asFloatBuffer().put(values), 1, 2, width);
    }
}
