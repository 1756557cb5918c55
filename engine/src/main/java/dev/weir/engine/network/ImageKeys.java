package dev.weir.engine.network;

import dev.weir.engine.HostTensor;
import dev.weir.engine.adapter.ImageLayers;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/** The part of an IP-Adapter beside a UNet: the keys and values of its tokens for each attention. They are the same in all steps. */
record ImageKeys(ImageLayers layers) implements Network {

    private static final String FORWARD = "forward";
    private static final int NOMINAL_TOKENS = 16;

    @Override
    public void describe(Script script) {
        var g = script.method(FORWARD, "tokens");
        var tokens = g.cast(g.input(Input.Kind.SEQUENCE, "tokens", layers.width(), NOMINAL_TOKENS));
        List<Value> all = new ArrayList<>();
        for (var layer : layers.layers()) {
            var own = g.at("ip_adapter." + layer.number());
            all.add(own.linear(tokens, "to_k_ip", layer.channels(), false)); // [B, T, C]
            all.add(own.linear(tokens, "to_v_ip", layer.channels(), false));
        }
        g.returns(g.joinRows(all));
    }

    @Override
    public boolean spare(String weight) {
        return weight.startsWith("image_proj.");
    }

    /**
     * @param network this one, loaded
     * @param tokens {@code [tokens, width]}
     * @param scale of the values
     * @return {@code [channels, tokens]}
     */
    HostTensor of(Executable network, HostTensor tokens, float scale) {
        int count = tokens.side(0);
        var feed = Feed.floats(bytes -> bytes.asFloatBuffer().put(tokens.values()), 1, count, tokens.side(1));
        float[] values = network.run(FORWARD, List.of(feed), out -> columns(out.asFloatBuffer(), count, scale));
        return HostTensor.of(values, layers.channels(), count);
    }

    /** The network gives all tokens of one layer's keys, then of its values, then of the next layer's. */
    private float[] columns(FloatBuffer out, int count, float scale) {
        var columns = new float[layers.channels() * count];
        int row = 0;
        for (var layer : layers.layers()) {
            for (float factor : new float[] {1, scale}) {
                for (int token = 0; token < count; token++) {
                    for (int channel = 0; channel < layer.channels(); channel++) {
                        columns[(row + channel) * count + token] = factor * out.get();
                    }
                }
                row += layer.channels();
            }
        }
        return columns;
    }
}
