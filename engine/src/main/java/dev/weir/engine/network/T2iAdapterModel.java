package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.Join;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import java.util.ArrayList;
import java.util.List;

/**
 * A T2I-Adapter (Mou et al. 2023, arXiv 2302.08453): it makes of a picture alone what is added to one image of each level of a UNet.
 *
 * @param pictureChannels 3, or 1 for grey pictures
 * @param channels of each of its results
 * @param layers residual blocks of each level
 * @param reduction by how much the sides of its first result are smaller than the picture's
 */
record T2iAdapterModel(Kind kind, int pictureChannels, List<Integer> channels, int layers, int reduction)
        implements Network {

    static final String NAME = "T2IAdapter";

    /** The picture in parts of one pixel of the first result: {@code [channels * reduction², height, width]}. */
    private static final String PARTS = "parts";

    private static final int MOST_LAYERS = 100;
    private static final int RGB = 3;

    /** Of diffusers' {@code adapter_type}. */
    enum Kind {
        FULL("full_adapter", 2, 8),
        FULL_XL("full_adapter_xl", 2, 16),
        LIGHT("light_adapter", 4, 8);

        private final String type;
        private final int usualLayers;
        private final int usualReduction;

        Kind(String type, int usualLayers, int usualReduction) {
            this.type = type;
            this.usualLayers = usualLayers;
            this.usualReduction = usualReduction;
        }

        /** Whether a level begins with half the size. */
        private boolean halves(int level) {
            return this == FULL_XL ? level == 2 : level > 0;
        }
    }

    static T2iAdapterModel read(JsonNode json) {
        var config = new Config(NAME, json);
        var types = List.of(Kind.values()).stream().map(kind -> kind.type).toList();
        var kind = Kind.values()[types.indexOf(config.oneOf("adapter_type", Kind.FULL.type, types))];
        int pictures = config.integer("in_channels", RGB);
        if (pictures != 1 && pictures != RGB) {
            throw config.refused("in_channels", "1 or 3");
        }
        var channels = new ArrayList<>(config.integers(
                "channels", kind == Kind.LIGHT ? List.of(320, 640, 1280) : List.of(320, 640, 1280, 1280)));
        if (kind == Kind.LIGHT) {
            channels.add(channels.get(channels.size() - 1));
        }
        if (kind == Kind.FULL_XL) {
            for (int i = 3; i < channels.size(); i++) {
                if (!channels.get(i).equals(channels.get(i - 1))) {
                    throw config.refused("channels", "as many channels in the fourth level as in the third");
                }
            }
        }
        int layers = config.integer("num_res_blocks", kind.usualLayers);
        int reduction = config.integer("downscale_factor", kind.usualReduction);
        if (layers < 1 || layers > MOST_LAYERS) {
            throw config.refused("num_res_blocks", "1 to " + MOST_LAYERS);
        }
        if (Integer.bitCount(reduction) != 1) {
            throw config.refused("downscale_factor", "a power of 2");
        }
        config.refuseTheRest();
        return new T2iAdapterModel(kind, pictures, List.copyOf(channels), layers, reduction);
    }

    /** Its results, beside a UNet's samples that are so much smaller than the picture. */
    List<ResidualShapes.Shape> shapes(int scale) {
        var shapes = new ArrayList<ResidualShapes.Shape>();
        int halvings = Integer.numberOfTrailingZeros(reduction) - Integer.numberOfTrailingZeros(scale);
        for (int i = 0; i < channels.size(); i++) {
            halvings += kind.halves(i) ? 1 : 0;
            shapes.add(new ResidualShapes.Shape(channels.get(i), halvings));
        }
        return shapes;
    }

    /** Channels of its input. */
    int partChannels() {
        return pictureChannels * reduction * reduction;
    }

    @Override
    public void describe(Script script) {
        var g = script.method(NetworkDenoiser.FORWARD, PARTS);
        var parts = new NetworkInput(PARTS, List.of(partChannels(), NetworkInput.ANY, NetworkInput.ANY), Join.STACK);
        var x = g.castImage(GraphInputs.of(g, parts));
        var adapter = g.at("adapter");
        if (kind != Kind.LIGHT) {
            x = adapter.conv2d(x, "conv_in", channels.get(0), 3);
        }
        var results = new ArrayList<Value>();
        for (int i = 0; i < channels.size(); i++) {
            x = level(adapter.at("body." + i), x, i);
            results.add(x);
        }
        g.returns(g.joinRows(results));
    }

    private Value level(Graph g, Value before, int index) {
        var x = kind.halves(index) ? g.averagePool(before, true) : before;
        int width = channels.get(index);
        int inside = kind == Kind.LIGHT ? width / 4 : width;
        if (kind == Kind.LIGHT || x.channels() != inside) {
            x = g.conv2d(x, "in_conv", inside, 1);
        }
        for (int j = 0; j < layers; j++) {
            var block = g.at("resnets." + j);
            var h = g.relu(block.conv2d(x, "block1", inside, 3));
            x = g.add(block.conv2d(h, "block2", inside, kind == Kind.LIGHT ? 3 : 1), x);
        }
        return kind == Kind.LIGHT ? g.conv2d(x, "out_conv", width, 1) : x;
    }
}
