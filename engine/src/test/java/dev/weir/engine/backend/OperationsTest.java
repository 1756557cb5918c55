package dev.weir.engine.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import dev.weir.engine.onnx.OnnxBackend;
import dev.weir.engine.torch.TorchBackend;
import dev.weir.engine.weights.Weights;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Operations without weights, on small tensors whose results one can check by hand. */
@ParameterizedClass
@EnumSource(Engine.class)
record OperationsTest(Engine engine) {

    private static final float[] ONE_TO_EIGHT = {1, 2, 3, 4, 5, 6, 7, 8};

    @Test
    void activations() {
        float[] x = {-2, 0, 3};
        assertClose(ofRows(Graph::relu, x), 0, 0, 3);
        assertClose(ofRows(Graph::mish, x), mish(-2), 0, mish(3));
        assertClose(ofRows(Graph::tanh, x), (float) Math.tanh(-2), 0, (float) Math.tanh(3));
        assertClose(ofRows(Graph::log, 1, 2, 8), 0, (float) Math.log(2), 3 * (float) Math.log(2));
    }

    @Test
    void eachImageIsDividedByItsNumber() {
        var script = new Script("Divided", Weights.NONE);
        var g = script.method("forward", "x", "by");
        var x = g.input(Input.Kind.IMAGE, "x", 1, 2);
        g.returns(g.divideRows(x, g.input(Input.Kind.NUMBERS, "by", 1, 1)));
        var images = Feed.floats(bytes -> put(bytes.asFloatBuffer(), 1, 2, 3, 4), 2, 1, 1, 2);
        var by = Feed.floats(bytes -> put(bytes.asFloatBuffer(), 2, 4), 2);
        assertClose(run(script, images, by), 0.5f, 1, 0.75f, 1);
    }

    @Test
    void aProductIsOfEachTwoNumbers() {
        assertClose(ofRows((g, x) -> g.multiply(x, x), -2, 0, 3), 4, 0, 9);
    }

    @Test
    void aPartOfTheChannels() {
        assertClose(ofImage((g, x) -> g.narrow(x, 1, 2), 4, 1, 2, ONE_TO_EIGHT), 3, 4, 5, 6);
        assertClose(ofRows((g, x) -> g.concat(g.narrow(x, 2, 1), g.narrow(x, 0, 2)), 1, 2, 3), 3, 1, 2);
    }

    @Test
    void aPartOfTheTokensEndsWhereTheyEnd() {
        assertClose(ofSequence((g, x) -> g.someTokens(x, 2, 7), 4, 2, ONE_TO_EIGHT), 5, 6, 7, 8);
        assertClose(ofSequence((g, x) -> g.concatTokens(g.someTokens(x, 1, 1), x), 2, 2, 1, 2, 3, 4), 3, 4, 1, 2, 3, 4);
    }

    @Test
    void theMeanOverTokensIsOneToken() {
        assertClose(ofSequence(Graph::meanOfTokens, 4, 2, ONE_TO_EIGHT), 4, 5);
    }

    @Test
    void rowsAndSequencesOfTheSameNumbers() {
        var back = ofRows((g, x) -> g.flat(g.meanOfTokens(g.unflat(x, 2))), ONE_TO_EIGHT);
        assertClose(back, 3, 4, 5, 6);
    }

    @Test
    void aSequenceIsNormedInGroupsOfItsChannelsOverAllTokens() {
        float[] normed = {-1.3416f, -0.4472f, 0.4472f, 1.3416f};
        float[] x = {1, 2, 10, 20, 3, 4, 30, 40}; // two tokens of four channels
        var result = ofSequence((g, s) -> g.tokens(g.groupNorm(g.column(s), 2, 1e-9)), 2, 4, x);
        assertClose(result, normed[0], normed[1], normed[0], normed[1], normed[2], normed[3], normed[2], normed[3]);
    }

    @Test
    void poolingTakesTheMeanOfFourAndDropsAnOddEdge() {
        assertClose(ofImage(Graph::averagePool, 1, 3, 2, 1, 2, 3, 4, 5, 6), 2.5f);
        assertClose(ofImage(Graph::averagePool, 1, 2, 4, ONE_TO_EIGHT), 3.5f, 5.5f);
    }

    @Test
    void poolingThatRoundsUpTakesTheMeanOfWhatIsLeftAtTheEdge() {
        assertClose(ofImage((g, x) -> g.averagePool(x, true), 1, 3, 2, 1, 2, 3, 4, 5, 6), 2.5f, 5.5f);
        assertClose(ofImage((g, x) -> g.averagePool(x, true), 1, 1, 3, 1, 2, 3), 1.5f, 3);
        assertClose(ofImage((g, x) -> g.averagePool(x, true), 1, 2, 4, ONE_TO_EIGHT), 3.5f, 5.5f);
    }

    @Test
    void theFilterHalvesAndDoublesAnImage() {
        float[] constant = {8, 8, 8, 8};
        assertClose(ofImage((g, x) -> g.firDown(x, true), 1, 2, 2, constant), 8);
        // Of the four taps 1 and 1 lie on zeros each way.
        assertClose(ofImage((g, x) -> g.firDown(x, false), 1, 2, 2, constant), 8 * 0.75f * 0.75f);
        assertClose(
                ofImage((g, x) -> g.firUp(x, true), 1, 2, 2, constant), 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8);
        float[] ramp = {0, 4, 0, 4};
        assertClose(ofImage((g, x) -> g.firUp(g.narrow(x, 0, 1), true), 1, 2, 2, ramp), repeated(4, 1, 1, 3, 3));
        assertClose(ofImage((g, x) -> g.firUp(x, false), 2, 1, 1, 4, 16), 2.25f, 2.25f, 2.25f, 2.25f, 9, 9, 9, 9);
    }

    @Test
    void eachNumberOfARowIsEmbedded() {
        float[] angles = {1, 1e-4f, 3, 3e-4f};
        var result = ofRows((g, x) -> g.flat(g.timestepEmbedding(x, 4, true, 1)), 1, 3);
        for (int number = 0; number < 2; number++) {
            for (int i = 0; i < 2; i++) {
                float angle = angles[2 * number + i];
                assertThat(result[4 * number + i]).isCloseTo((float) Math.cos(angle), within(1e-6f));
                assertThat(result[4 * number + 2 + i]).isCloseTo((float) Math.sin(angle), within(1e-6f));
            }
        }
    }

    /** The first row's second token does not count; the tokens beside do. */
    @Test
    void aMaskBesideAnotherSequenceHidesOnlyWhatItHid() {
        for (boolean before : new boolean[] {true, false}) {
            var script = new Script("Masked", Weights.NONE);
            var g = script.method("forward", "x", "kept", "other");
            var x = g.input(Input.Kind.SEQUENCE, "x", 1, 2);
            var other = g.input(Input.Kind.SEQUENCE, "other", 1, 1);
            var mask = g.maskBeside(g.maskOf(g.input(Input.Kind.FLAGS, "kept", 1, 1)), x, other, before);
            var all = before ? g.concatTokens(other, x) : g.concatTokens(x, other);
            var zeros = g.scale(all, 0); // attention of equal scores gives the mean of what counts
            g.returns(g.attention(g.scale(x, 0), zeros, all, 1, mask));

            var tokens = Feed.floats(bytes -> put(bytes.asFloatBuffer(), 2, 100, 2, 4), 2, 2, 1);
            var beside = Feed.floats(bytes -> put(bytes.asFloatBuffer(), 4, 6), 2, 1, 1);
            var some = Feed.booleans(bytes -> bytes.put(new byte[] {1, 0, 1, 1}), 2, 2);
            assertClose(run(script, tokens, some, beside), 3, 3, 4, 4);
            var allKept = Feed.booleans(bytes -> bytes.put((byte) 1), 1, 1);
            assertClose(run(script, tokens, allKept, beside), 106f / 3, 106f / 3, 4, 4);
        }
    }

    /** The first row's second token does not count, the second row's all do. */
    @Test
    void aCausalMaskHidesWhatFollowsAndWhatDoesNotCount() {
        var script = new Script("Masked", Weights.NONE);
        var g = script.method("forward", "x", "kept");
        var x = g.input(Input.Kind.SEQUENCE, "x", 1, 3);
        var mask = g.causalMaskOf(g.input(Input.Kind.FLAGS, "kept", 1, 1));
        var zeros = g.scale(x, 0); // attention of equal scores gives the mean of what counts
        g.returns(g.attention(zeros, zeros, x, 1, mask));

        var tokens = Feed.floats(bytes -> put(bytes.asFloatBuffer(), 2, 100, 4, 2, 4, 9), 2, 3, 1);
        var some = Feed.booleans(bytes -> bytes.put(new byte[] {1, 0, 1, 1, 1, 1}), 2, 3);
        assertClose(run(script, tokens, some), 2, 2, 3, 2, 3, 5);
        var allKept = Feed.booleans(bytes -> bytes.put((byte) 1), 1, 1);
        assertClose(run(script, tokens, allKept), 2, 51, 106f / 3, 2, 3, 5);
    }

    /** So many that ONNX Runtime is told of no mask. What is behind a row's tokens changes no bit of it. */
    @Test
    void attentionToManyTokensSeesNoneThatIsMasked() {
        int tokens = 3000;
        int kept = tokens / 2;
        int width = 8;
        var script = new Script("Masked", Weights.NONE);
        var g = script.method("forward", "q", "k", "kept");
        var q = g.input(Input.Kind.SEQUENCE, "q", width, 1);
        var k = g.input(Input.Kind.SEQUENCE, "k", width, tokens);
        g.returns(g.attention(q, k, k, 2, g.maskOf(g.input(Input.Kind.FLAGS, "kept", 1, tokens))));

        var numbers = new float[2 * tokens * width];
        for (int i = 0; i < numbers.length; i++) {
            // What is masked would be all that is seen.
            numbers[i] = (i / width) % tokens < kept || i >= tokens * width ? (float) Math.sin(i) : 100;
        }
        float[] both = run(
                script,
                Feed.floats(bytes -> put(bytes.asFloatBuffer(), repeated(2 * width, 1)), 2, 1, width),
                Feed.floats(bytes -> put(bytes.asFloatBuffer(), numbers), 2, tokens, width),
                Feed.booleans(
                        bytes -> {
                            for (int i = 0; i < 2 * tokens; i++) {
                                bytes.put((byte) (i < kept || i >= tokens ? 1 : 0));
                            }
                        },
                        2,
                        tokens));
        float[] alone = run(
                script,
                Feed.floats(bytes -> put(bytes.asFloatBuffer(), repeated(width, 1)), 1, 1, width),
                Feed.floats(bytes -> put(bytes.asFloatBuffer(), Arrays.copyOf(numbers, kept * width)), 1, kept, width),
                Feed.booleans(bytes -> bytes.put((byte) 1), 1, 1));
        assertClose(Arrays.copyOf(both, width), alone);
        assertThat(Arrays.copyOfRange(both, width, 2 * width)).isNotEqualTo(alone);
        if (engine == Engine.ONNX) {
            assertThat(Arrays.copyOf(both, width)).isEqualTo(alone);
        }
    }

    private float[] ofRows(BiFunction<Graph, Value, Value> operation, float... x) {
        return of(Input.Kind.ROWS, x.length, 1, operation, x, 1, x.length);
    }

    private float[] ofSequence(BiFunction<Graph, Value, Value> operation, int tokens, int channels, float... x) {
        return of(Input.Kind.SEQUENCE, channels, tokens, operation, x, 1, tokens, channels);
    }

    private float[] ofImage(
            BiFunction<Graph, Value, Value> operation, int channels, int height, int width, float... x) {
        return of(Input.Kind.IMAGE, channels, height * width, operation, x, 1, channels, height, width);
    }

    private float[] of(
            Input.Kind kind,
            int channels,
            int positions,
            BiFunction<Graph, Value, Value> operation,
            float[] x,
            long... shape) {
        var script = new Script("Operation", Weights.NONE);
        var g = script.method("forward", "x");
        g.returns(operation.apply(g, g.input(kind, "x", channels, positions)));
        return run(script, Feed.floats(bytes -> put(bytes.asFloatBuffer(), x), shape));
    }

    private float[] run(Script script, Feed... feeds) {
        var backend = engine == Engine.TORCH
                ? TorchBackend.on(new ComputeTarget("cpu", Precision.FP32, engine))
                : new OnnxBackend();
        try (var network = backend.load(script)) {
            return network.run("forward", List.of(feeds), bytes -> {
                var values = new float[bytes.asFloatBuffer().remaining()];
                bytes.asFloatBuffer().get(values);
                return values;
            });
        }
    }

    private static void put(FloatBuffer buffer, float... values) {
        buffer.put(values);
    }

    private static float mish(double x) {
        return (float) (x * Math.tanh(Math.log1p(Math.exp(x))));
    }

    private static float[] repeated(int times, float... values) {
        var all = FloatBuffer.allocate(times * values.length);
        for (int i = 0; i < times; i++) {
            all.put(values);
        }
        return all.array();
    }

    private static void assertClose(float[] actual, float... expected) {
        assertThat(actual).hasSize(expected.length);
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).as("element " + i).isCloseTo(expected[i], within(1e-4f));
        }
    }
}
