package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.Denoiser;
import dev.weir.engine.Join;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.Tensors;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import dev.weir.engine.network.CascadeLevel.Beside;
import dev.weir.engine.network.CascadeLevel.Kind;
import dev.weir.engine.network.CascadeLevel.Place;
import dev.weir.engine.network.CascadeLevel.Seen;
import dev.weir.engine.network.CascadeLevel.Tokens;
import java.util.List;

/**
 * The prior of Wuerstchen (Pernias et al. 2023, arXiv 2306.00637): it sees a text's states, and is told the time, from 1 to 0. It answers
 * what to take away from the sample, and by what to divide the rest.
 *
 * @param channels of its samples
 * @param states width of a text's states
 * @param depth how often its blocks come
 */
record WuerstchenPrior(int channels, int states, int timeWidth, int depth, CascadeLevel blocks)
        implements DenoisingNetwork {

    static final String NAME = "WuerstchenPrior";

    private static final double SLOPE = 0.2;
    private static final double LEAST_DIVISOR = 1e-5;
    private static final int NOMINAL_SIDE = 24;

    static WuerstchenPrior read(JsonNode json) {
        var config = new Config(NAME, json);
        int width = config.integer("c", 1280);
        int heads = config.integer("nhead", 16);
        var kinds = List.of(Kind.values());
        CascadeLevel.requireHeads(config, "nhead", kinds, width, heads);
        var network = new WuerstchenPrior(
                config.integer("c_in", 16),
                config.integer("c_cond", 1024),
                config.even("c_r", config.integer("c_r", 64)),
                config.integer("depth", 16),
                new CascadeLevel(width, heads, true, kinds, 3, List.of()));
        config.ignore("dropout");
        config.refuseTheRest();
        return network;
    }

    @Override
    public List<NetworkInput> inputs() {
        return List.of(text());
    }

    private NetworkInput text() {
        return GraphInputs.sequence(Tensors.ENCODER_HIDDEN_STATES, states, Join.STACK);
    }

    @Override
    public int width() {
        return blocks.width();
    }

    @Override
    public Denoiser runBy(AdaptableNetwork network) {
        return new NetworkDenoiser(network, channels, channels, inputs(), 0);
    }

    @Override
    public void describe(Script script) {
        var g = script.method(NetworkDenoiser.FORWARD, GraphInputs.names(inputs()));
        var sample = g.castImage(g.input(Input.Kind.IMAGE, "sample", channels, NOMINAL_SIDE * NOMINAL_SIDE));
        var x = Tokens.of(g, g.conv2d(sample, "projection", width(), 1)); // [B, T, D]
        var time = CascadeLevel.embedded(g, TimeEmbedding.timestep(g), timeWidth);
        x = blocks.run(g, new Place("blocks", 0, depth), x, Beside.NOTHING, new Seen(List.of(time), context(g)));
        var both = g.conv2d(x.normed(g), "out.1", 2 * channels, 1); // [B, 2 C, h, w]
        var divisor = absolute(g, g.shift(g.scale(g.narrow(both, channels, channels), -1), 1));
        g.returns(g.divide(without(g, sample, g.narrow(both, 0, channels)), g.shift(divisor, LEAST_DIVISOR)));
    }

    private Value context(Graph g) {
        var hidden = g.linear(g.cast(GraphInputs.of(g, text())), "cond_mapper.0", width());
        return g.linear(g.leakyRelu(hidden, SLOPE), "cond_mapper.2", width()); // [B, S, D]
    }

    private static Value absolute(Graph g, Value x) {
        return g.leakyRelu(x, -1);
    }

    static Value without(Graph g, Value x, Value other) {
        return g.add(x, g.scale(other, -1));
    }
}
