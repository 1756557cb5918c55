package dev.weir.engine.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Graph.Mask;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import dev.weir.engine.onnx.model.NodeProto;
import dev.weir.engine.weights.SafetensorsFile;
import dev.weir.engine.weights.SafetensorsWriter;
import dev.weir.engine.weights.WeightType;
import dev.weir.engine.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which nodes ONNX Runtime gets where several operations are one, or one is another. Their results are held elsewhere. */
class OnnxGraphTest {

    private static final int CHANNELS = 8;

    @TempDir
    Path folder;

    @Test
    void aGroupNormOfASmallImageScalesAndShiftsInOneNode() {
        assertThat(ofImage(16, x -> g.groupNorm(x, "norm", 2, 1e-5)))
                .containsExactly("Reshape", "InstanceNormalization", "Reshape", "BatchNormalization");
    }

    @Test
    void aGroupNormOfALargeImageScalesAndShiftsOnAllThreads() {
        assertThat(ofImage(128 * 128, x -> g.groupNorm(x, "norm", 2, 1e-5)))
                .containsExactly("Reshape", "InstanceNormalization", "Reshape", "Mul", "Add");
    }

    @Test
    void aLayerNormIsTheNormOfASum() {
        assertThat(ofSequence(x -> g.layerNorm(x, "norm", 1e-5))).containsExactly("SkipLayerNormalization");
    }

    @Test
    void layersThatReadOneValueShareAProduct() {
        assertThat(ofSequence(x -> g.add(g.linear(x, "a", 4), g.linear(x, "b", 4))))
                .containsExactly("Concat", "FusedMatMul", "Concat", "Add", "Split", "Add");
    }

    @Test
    void largeLayersHaveProductsOfTheirOwn() {
        assertThat(ofSequence(x -> g.add(g.linear(x, "a", 4096, false), g.linear(x, "b", 4096, false))))
                .containsExactly("FusedMatMul", "FusedMatMul", "Add");
    }

    @Test
    void aProjectionOfAnImagesTokensIsAConvolution() {
        assertThat(ofImage(16, x -> g.linear(g.tokens(g.groupNorm(x, 2, 1e-5)), "in", 4)))
                .endsWith("Conv", "Transpose", "Reshape")
                .doesNotContain("FusedMatMul");
        assertThat(ofImage(16, x -> g.image(g.linear(g.tokens(x), "out", 4), x)))
                .endsWith("Reshape", "Transpose", "Conv")
                .doesNotContain("FusedMatMul");
    }

    @Test
    void aLayerThatReadsAndMakesTokensIsOneConvolution() {
        assertThat(ofImage(16, x -> g.image(g.linear(g.tokens(g.groupNorm(x, 2, 1e-5)), "both", 4), x)))
                .containsOnlyOnce("Conv")
                .doesNotContain("FusedMatMul");
    }

    @Test
    void causalSelfAttentionIsOneNodeWithItsLayers() {
        assertThat(ofSequence(x -> attention(x, Mask.CAUSAL)))
                .containsExactly("Concat", "Transpose", "Concat", "Attention");
    }

    @Test
    void attentionOverAnImageDoesNotHoldAllScores() {
        assertThat(ofSequence(x -> attention(x, Mask.NONE)))
                .endsWith("Split", "MultiHeadAttention")
                .doesNotContain("Attention");
    }

    /** ONNX Runtime holds all scores of an attention with a mask: its last input is one. */
    @Test
    void maskedAttentionToManyTokensIsToldOfNoMask() {
        assertThat(inputsOfMasked(2048)).hasSize(5);
        assertThat(inputsOfMasked(2049)).hasSize(3);
    }

    private Graph g;

    private List<String> inputsOfMasked(int tokens) {
        UnaryOperator<Value> network =
                x -> g.attention(x, x, x, 2, g.maskOf(g.input(Input.Kind.FLAGS, "kept", 1, tokens)));
        return protos(Input.Kind.SEQUENCE, tokens, network).stream()
                .filter(node -> node.getOpType().equals("MultiHeadAttention"))
                .flatMap(node -> node.getInputList().stream())
                .toList();
    }

    private Value attention(Value x, Mask mask) {
        return g.attention(g.linear(x, "q", CHANNELS), g.linear(x, "k", CHANNELS), g.linear(x, "v", CHANNELS), 2, mask);
    }

    private List<String> ofImage(int pixels, UnaryOperator<Value> network) {
        return nodes(Input.Kind.IMAGE, pixels, network);
    }

    private List<String> ofSequence(UnaryOperator<Value> network) {
        return nodes(Input.Kind.SEQUENCE, 4, network);
    }

    /** The operators that compute the network, in order. */
    private List<String> nodes(Input.Kind kind, int positions, UnaryOperator<Value> network) {
        return protos(kind, positions, network).stream()
                .map(NodeProto::getOpType)
                .filter(op -> !op.equals("Identity") && !op.equals("Shape"))
                .toList();
    }

    private List<NodeProto> protos(Input.Kind kind, int positions, UnaryOperator<Value> network) {
        var expected = script(Weights.NONE, kind, positions, network);
        var writer = new SafetensorsWriter();
        expected.parameterShapes().forEach((name, sides) -> {
            long[] shape = sides.stream().mapToLong(side -> side).toArray();
            int size = sides.stream().reduce(Float.BYTES, Math::multiplyExact);
            writer.tensor(name, WeightType.F32, new byte[size], shape);
        });
        var weights = SafetensorsFile.open(writer.write(folder.resolve("weights.safetensors")));
        var script = script(weights, kind, positions, network);
        return OnnxModel.of(script, script.methods().get(0), new Kernels(() -> ChannelBlock.NONE))
                .getGraph()
                .getNodeList();
    }

    private Script script(Weights weights, Input.Kind kind, int positions, UnaryOperator<Value> network) {
        var script = new Script("Network", weights);
        g = script.method("forward", "x", "kept");
        g.returns(network.apply(g.input(kind, "x", CHANNELS, positions)));
        return script;
    }
}
