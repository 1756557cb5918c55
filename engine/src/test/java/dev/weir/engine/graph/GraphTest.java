package dev.weir.engine.graph;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.weights.Weights;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the builder leaves for back ends: operations in order, with their inputs, and the weights that they read. */
class GraphTest {

    private final Script script = new Script("Layers", Weights.NONE);
    private final Graph g = script.method("forward", "x", "unread");

    @Test
    void callsBecomeOperationsInOrder() {
        var x = g.input(Input.Kind.IMAGE, "x", 8, 16);
        var norm = g.at("first").groupNorm(x, "norm", 4, 1e-5);
        g.returns(g.add(g.conv2d(norm, "conv", 6, 3, 2, 1), x));

        var operations = script.methods().get(0).operations();
        assertThat(operations).extracting(Operation::op).containsExactly(Op.GROUP_NORM, Op.CONV_2D, Op.ADD, Op.RETURN);
        assertThat(operations.get(0).attributes()).isEqualTo(Map.of("groups", 4, "eps", 1e-5));
        assertThat(operations.get(0).inputs())
                .extracting(Operand::name)
                .containsExactly("x", "first.norm.weight", "first.norm.bias");
        assertThat(operations.get(1).input(0)).isEqualTo(operations.get(0).output());
        assertThat(operations.get(1).output().channels()).isEqualTo(6);
        assertThat(operations.get(1).output().positions()).isEqualTo(4);
    }

    @Test
    void weightsAreDeclaredWithTheirShapes() {
        g.linear(g.input(Input.Kind.SEQUENCE, "x", 3, 1), "layer", 2);
        assertThat(script.parameterShapes()).isEqualTo(Map.of("layer.weight", List.of(2, 3), "layer.bias", List.of(2)));
    }

    @Test
    void anInputThatIsNotReadHasNoKind() {
        g.input(Input.Kind.SEQUENCE, "x", 3, 1);
        var method = script.methods().get(0);
        assertThat(method.inputNames()).containsExactly("x", "unread");
        assertThat(method.input("x")).contains(new Input("x", Input.Kind.SEQUENCE, 3));
        assertThat(method.input("unread")).isEmpty();
    }

    @Test
    void anAttentionWithoutAMaskHasThreeInputs() {
        var x = g.input(Input.Kind.SEQUENCE, "x", 4, 1);
        var mask = g.maskOf(g.input(Input.Kind.FLAGS, "kept", 1, 1));
        g.attention(x, x, x, 2, Graph.Mask.CAUSAL);
        g.attention(x, x, x, 2, mask);
        var operations = script.methods().get(0).operations();
        assertThat(operations.get(1).has(3)).isFalse();
        assertThat(operations.get(1).flag("causal")).isTrue();
        assertThat(operations.get(2).value(3)).isEqualTo(operations.get(0).output());
        assertThat(operations.get(2).flag("causal")).isFalse();
    }
}
