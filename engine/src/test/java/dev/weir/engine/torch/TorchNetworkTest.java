package dev.weir.engine.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.torchscript.Numerics;
import dev.weir.engine.weights.SafetensorsFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A network of one layer, {@code y = W x + b}. */
class TorchNetworkTest {

    private static final float[] WEIGHT = {1, 2, 3, 4, 5, 6};
    private static final float[] BIAS = {0.5f, -0.5f};

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(names = {"FP32", "BF16"})
    void weightsAreBoundFromTheirFile(Precision precision) throws IOException {
        assumeTrue(Processor.supports(precision), "oneDNN packs no bf16 weights on this CPU");
        try (var network = load(precision, 0)) {
            assertThat(forward(network, 1, 1, 1)).containsExactly(6.5f, 14.5f);
        }
    }

    @Test
    void networksBesideEachOtherHaveTheirWeightsInMemoryOnce() throws IOException {
        var numerics =
                Numerics.of(new ComputeTarget("cpu", Precision.BF16), false); // converted, so not in the file's pages
        var script = script(0);
        try (var plain = TorchNetwork.load(script, numerics)) {
            try (var beside = TorchNetwork.loadBeside(plain, script, numerics)) {
                assertThat(plain.memory().values()).containsExactlyInAnyOrder(2L * WEIGHT.length, 2L * BIAS.length);
                assertThat(beside.memory()).as("bytes by address").isEqualTo(plain.memory());
                assertThat(forward(beside, 1, 1, 1)).containsExactly(6.5f, 14.5f);
            }
            assertThat(forward(plain, 1, 1, 1)).containsExactly(6.5f, 14.5f);
        }
    }

    @Test
    void aNetworkBesideAnotherBindsWhatTheOtherDoesNotHave() throws IOException {
        var numerics = Numerics.of(new ComputeTarget("cpu", Precision.FP32), false);
        var weights = SafetensorsFile.open(write(0));
        var part = new Script("Layer", weights);
        var g = part.method("forward", "x");
        g.returns(g.linear(g.input(Input.Kind.SEQUENCE, "x", 3, 1), "layer", 2, false));
        try (var plain = TorchNetwork.load(part, numerics);
                var beside = TorchNetwork.loadBeside(plain, script(0), numerics)) {
            assertThat(forward(plain, 1, 1, 1)).containsExactly(6, 15);
            assertThat(forward(beside, 1, 1, 1)).containsExactly(6.5f, 14.5f);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void weightsThatBeginBetweenElementsAreBoundFromACopy(int misalignment) throws IOException {
        try (var network = load(Precision.FP32, misalignment)) {
            assertThat(forward(network, 1, 0, 2)).containsExactly(7.5f, 15.5f);
        }
    }

    @Test
    void batchesOfAnySizeFollowEachOther() throws IOException {
        try (var network = load(Precision.FP32, 0)) {
            assertThat(forward(network, 1, 1, 1, 0, 0, 1)).containsExactly(6.5f, 14.5f, 3.5f, 5.5f);
            assertThat(forward(network, 0, 0, 0)).containsExactly(0.5f, -0.5f);
        }
    }

    @Test
    void anotherThreadMayTakeOver() throws IOException {
        try (var network = load(Precision.FP32, 0)) {
            var elsewhere = CompletableFuture.supplyAsync(() -> forward(network, 1, 1, 1));
            assertThat(elsewhere.join()).isEqualTo(forward(network, 1, 1, 1));
        }
    }

    @Test
    void aForwardLeavesNothingBehind() throws IOException {
        try (var network = load(Precision.FP32, 0)) {
            forward(network, 1, 1, 1);
            int held = network.held();
            for (int i = 0; i < 500; i++) {
                forward(network, i, 1, 1);
            }
            assertThat(network.held()).isEqualTo(held);
        }
    }

    @Test
    void anInputFromTheSameObjectsIsNeitherWrittenNorSentAgain() throws IOException {
        var written = new AtomicInteger();
        Object first = new Object();
        Object second = new Object();
        try (var network = load(Precision.FP32, 0)) {
            for (var sources :
                    List.of(List.of(first), List.of(first), List.of(first, second), List.of(first, second))) {
                var x = new float[3 * sources.size()];
                Arrays.fill(x, 1);
                assertThat(forward(network, counted(written, x).from(sources))).startsWith(6.5f, 14.5f);
            }
            assertThat(written).hasValue(2);
            assertThat(network.sent()).isEqualTo(2);

            // Of no objects: something else at its place, and then the same again.
            assertThat(forward(network, counted(written, 0, 0, 0))).containsExactly(0.5f, -0.5f);
            assertThat(forward(network, counted(written, 1, 0, 2).from(List.of(first))))
                    .containsExactly(7.5f, 15.5f);
            assertThat(network.sent()).isEqualTo(4);
            int held = network.held();
            for (int i = 0; i < 100; i++) {
                forward(network, counted(written, i, 1, 1).from(List.of(new Object())));
            }
            assertThat(network.held()).isEqualTo(held);
        }
    }

    private static Feed counted(AtomicInteger written, float... x) {
        return Feed.floats(
                bytes -> {
                    written.incrementAndGet();
                    bytes.asFloatBuffer().put(x);
                },
                x.length / 3,
                3);
    }

    private TorchNetwork load(Precision precision, int misalignment) throws IOException {
        return TorchNetwork.load(script(misalignment), Numerics.of(new ComputeTarget("cpu", precision), true));
    }

    private Script script(int misalignment) throws IOException {
        var weights = SafetensorsFile.open(write(misalignment));
        var script = new Script("Layer", weights);
        var g = script.method("forward", "x");
        g.returns(g.linear(g.cast(g.input(Input.Kind.SEQUENCE, "x", 3, 1)), "layer", 2));
        script.check(name -> false);
        return script;
    }

    /** @param misalignment bytes past a multiple of four at which the tensors begin */
    private Path write(int misalignment) throws IOException {
        var header =
                """
                {"layer.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},\
                "layer.bias":{"dtype":"F32","shape":[2],"data_offsets":[24,32]}}""";
        int length = (header.length() + 3) / 4 * 4 + misalignment;
        var bytes = ByteBuffer.allocate(Long.BYTES + length + 32).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(length).put(header.getBytes(StandardCharsets.US_ASCII));
        bytes.put(" ".repeat(length - header.length()).getBytes(StandardCharsets.US_ASCII));
        for (var value : WEIGHT) {
            bytes.putFloat(value);
        }
        for (var value : BIAS) {
            bytes.putFloat(value);
        }
        return Files.write(folder.resolve("model.safetensors"), bytes.array());
    }

    private static float[] forward(TorchNetwork network, float... x) {
        return forward(network, Feed.floats(bytes -> bytes.asFloatBuffer().put(x), x.length / 3, 3));
    }

    private static float[] forward(TorchNetwork network, Feed feed) {
        return network.run("forward", List.of(feed), out -> {
            var y = new float[out.remaining() / Float.BYTES];
            out.asFloatBuffer().get(y);
            return y;
        });
    }
}
