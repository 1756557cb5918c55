package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.Join;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A ControlNet (Zhang et al. 2023, arXiv 2302.05543): the way down of a UNet, which also sees a picture that says where things are.
 * It gives what is added to the images that pass the UNet's levels by, and to the middle's.
 *
 * @param config of a UNet with the same way down
 * @param channels of the picture
 * @param widths of the layers that bring the picture to the sample's size; each but the first halves it
 * @param pools whether its results are means over their pixels
 * @param isBgr whether it sees the picture's channels in reverse
 */
record ControlNetModel(
        UNetConfig config, int channels, List<Integer> widths, boolean pools, boolean isBgr, ResidualShapes shapes)
        implements Network {

    static final String NAME = "ControlNetModel";

    /** The picture, {@code [channels, height, width]} of 0 to 1. */
    static final String PICTURE = "controlnet_cond";

    private static final String WIDTHS = "conditioning_embedding_out_channels";
    private static final Set<String> OWN =
            Set.of("conditioning_channels", WIDTHS, "global_pool_conditions", "controlnet_conditioning_channel_order");
    private static final int RGB = 3;

    static ControlNetModel read(JsonNode json) {
        var own = new Config(NAME, json);
        int channels = own.integer("conditioning_channels", RGB);
        List<Integer> widths = own.has(WIDTHS) ? own.integers(WIDTHS) : List.of(16, 32, 96, 256);
        boolean isBgr = own.oneOf("controlnet_conditioning_channel_order", "rgb", List.of("rgb", "bgr"))
                .equals("bgr");
        if (channels != RGB) {
            throw own.refused("conditioning_channels", "3");
        }
        var config = UNetConfig.read(unet(json));
        return new ControlNetModel(
                config, channels, widths, own.bool("global_pool_conditions", false), isBgr, ResidualShapes.of(config));
    }

    /** The configuration of a UNet with the same way down. */
    private static JsonNode unet(JsonNode json) {
        ObjectNode unet = json.deepCopy();
        unet.remove(OWN);
        // diffusers takes either, where a UNet's must be null.
        if (unet.hasNonNull("num_attention_heads")) {
            unet.set("attention_head_dim", unet.get("num_attention_heads"));
        }
        unet.remove("num_attention_heads");
        ArrayNode up = unet.putArray("up_block_types");
        for (int i = unet.path("down_block_types").size() - 1; i >= 0; i--) {
            up.add(unet.path("down_block_types").get(i).asText().replace("Down", "Up"));
        }
        return unet;
    }

    /** By how much the sample's sides are smaller than the picture's. */
    int reduction() {
        return 1 << (widths.size() - 1);
    }

    /** What it takes besides the sample and the timestep: what the UNet takes, and the picture. */
    List<NetworkInput> inputs() {
        var inputs = new ArrayList<>(config.inputs().stream()
                .filter(input -> input.join() != Join.CONCAT)
                .toList());
        inputs.add(picture());
        return inputs;
    }

    private NetworkInput picture() {
        return new NetworkInput(PICTURE, List.of(channels, NetworkInput.ANY, NetworkInput.ANY), Join.STACK);
    }

    @Override
    public void describe(Script script) {
        config.describe(script);
        var g = script.method(NetworkDenoiser.FORWARD, GraphInputs.names(inputs()));
        var encoder = new UNetEncoder(config);
        var inputs = encoder.inputs(g, Optional.empty());
        Deque<Optional<Value>> skips = new ArrayDeque<>();
        var first = g.add(encoder.first(g), seen(g));
        var middle = encoder.down(g, first, inputs, List.of(), skips);
        var passed = new ArrayList<>(skips);
        Collections.reverse(passed);
        var results = new ArrayList<Value>();
        for (int i = 0; i < passed.size(); i++) {
            results.add(result(g, passed.get(i).orElseThrow(), "controlnet_down_blocks." + i));
        }
        results.add(result(g, middle, "controlnet_mid_block"));
        g.returns(g.joinRows(results));
    }

    /** The picture at the sample's size. */
    private Value seen(Graph g) {
        var block = g.at("controlnet_cond_embedding");
        var x = g.castImage(GraphInputs.of(g, picture()));
        if (isBgr) {
            x = g.concat(g.concat(g.narrow(x, 2, 1), g.narrow(x, 1, 1)), g.narrow(x, 0, 1));
        }
        x = g.silu(block.conv2d(x, "conv_in", widths.get(0), 3));
        for (int i = 0; i + 1 < widths.size(); i++) {
            x = g.silu(block.conv2d(x, "blocks." + 2 * i, widths.get(i), 3));
            x = g.silu(block.conv2d(x, "blocks." + (2 * i + 1), widths.get(i + 1), 3, 2, 1));
        }
        return block.conv2d(x, "conv_out", config.channels(), 3);
    }

    private Value result(Graph g, Value x, String name) {
        var result = g.conv2d(x, name, x.channels(), 1);
        return pools ? g.flat(g.meanOfTokens(g.tokens(result))) : result;
    }
}
