package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;
import java.util.List;

/**
 * One way through an autoencoder of residual blocks, in levels of half the size each: diffusers' {@code Encoder} and
 * {@code Decoder} of {@code autoencoders/vae.py}.
 *
 * @param channels of each level, from the picture's size to the latent's
 * @param attends of each level in the order of the way, whether an attention follows each residual block
 * @param layers residual blocks of a level on the way down; the way up has one more
 */
record AutoencoderBlocks(
        List<Integer> channels,
        List<Boolean> attends,
        int layers,
        int groups,
        Activation activation,
        boolean midAttention) {

    private static final double EPS = 1e-6;
    private static final int SPATIAL_NORM_GROUPS = 32;

    /** Changes what a level of the way up sees. */
    interface Seen {

        Seen AS_IT_IS = (x, halvings) -> x;

        /** @param halvings how often the picture's sides were halved for this image */
        Value change(Value x, int halvings);
    }

    /** @param suffix of the types' names, as {@code DownEncoderBlock2D} */
    static AutoencoderBlocks read(
            Config config, String channelsKey, String typesKey, String layersKey, String suffix, boolean midAttention) {
        var channels = config.integers(channelsKey);
        if (channels.size() > Codec.MOST_LEVELS) {
            throw config.refused(channelsKey, "at most " + Codec.MOST_LEVELS + " levels");
        }
        var types = config.texts(typesKey);
        var known = List.of(suffix, "Attn" + suffix);
        if (types.size() != channels.size() || !known.containsAll(types)) {
            throw config.refused(typesKey, channels.size() + " of " + known);
        }
        return new AutoencoderBlocks(
                channels,
                types.stream().map(type -> type.startsWith("Attn")).toList(),
                config.whole(layersKey, 1),
                config.integer("norm_num_groups", 32),
                Activation.read(config, "act_fn"),
                midAttention);
    }

    /** Picture pixels of a latent pixel each way. */
    int scale() {
        return 1 << (channels.size() - 1);
    }

    /** Channels of the widest images that have the picture's size. */
    int widest() {
        return channels.stream().limit(2).mapToInt(width -> width).max().orElseThrow();
    }

    /** A picture {@code [B, 3, H, W]} to {@code [B, out, h, w]}. */
    Value down(Graph g, Value x, int out) {
        int n = channels.size();
        x = g.conv2d(x, "conv_in", channels.get(0), 3);
        for (int i = 0; i < n; i++) {
            var block = g.at("down_blocks." + i);
            x = level(block, x, null, layers, channels.get(i), attends.get(i));
            if (i < n - 1) { // to half the size
                x = block.conv2d(block.padBottomRight(x), "downsamplers.0.conv", channels.get(i), 3, 2, 0);
            }
        }
        x = middle(g.at("mid_block"), x, null);
        x = g.silu(norm(g, x, "conv_norm_out", null));
        return g.conv2d(x, "conv_out", out, 3);
    }

    /**
     * Latents {@code [B, L, h, w]} to a picture {@code [B, out, H, W]}.
     *
     * @param quantized the latents that spatial norms look at (MoVQ, Zheng et al. 2022); null for group norms
     */
    Value up(Graph g, Value z, Value quantized, Seen seen, int out) {
        int n = channels.size();
        var x = g.conv2d(z, "conv_in", channels.get(n - 1), 3);
        x = middle(g.at("mid_block"), x, quantized);
        for (int i = 0; i < n; i++) {
            int halvings = n - 1 - i;
            int width = channels.get(halvings);
            var block = g.at("up_blocks." + i);
            x = level(block, seen.change(x, halvings), quantized, layers + 1, width, attends.get(i));
            if (i < n - 1) { // to twice the size
                x = block.conv2d(block.upsampleTwice(x), "upsamplers.0.conv", width, 3);
            }
        }
        x = g.silu(norm(g, seen.change(x, 0), "conv_norm_out", quantized));
        return g.conv2d(x, "conv_out", out, 3);
    }

    private Value level(Graph g, Value x, Value quantized, int resnets, int width, boolean attend) {
        for (int j = 0; j < resnets; j++) {
            x = resnet(g.at("resnets." + j), x, quantized, width);
            if (attend) {
                x = attention(g.at("attentions." + j), x, quantized);
            }
        }
        return x;
    }

    private Value middle(Graph g, Value x, Value quantized) {
        x = resnet(g.at("resnets.0"), x, quantized, x.channels());
        if (midAttention) {
            x = attention(g.at("attentions.0"), x, quantized);
        }
        return resnet(g.at("resnets.1"), x, quantized, x.channels());
    }

    private Value resnet(Graph g, Value x, Value quantized, int out) { // x [B, C, H, W]
        var h = activation.apply(g, norm(g, x, "norm1", quantized));
        h = activation.apply(g, norm(g, g.conv2d(h, "conv1", out, 3), "norm2", quantized));
        h = g.conv2d(h, "conv2", out, 3);
        return g.add(x.channels() == out ? x : g.conv2d(x, "conv_shortcut", out, 1), h);
    }

    /** One head over all pixels. */
    private Value attention(Graph g, Value x, Value quantized) {
        var normed = norm(g, x, quantized == null ? "group_norm" : "spatial_norm", quantized);
        return new PixelAttention(x.channels(), 1).apply(g, x, normed);
    }

    private Value norm(Graph g, Value x, String name, Value quantized) {
        if (quantized == null) {
            return g.groupNorm(x, name, groups, EPS);
        }
        var s = g.at(name);
        var latents = s.upsampleTo(quantized, x);
        var normed = s.groupNorm(x, "norm_layer", SPATIAL_NORM_GROUPS, EPS);
        var scaled = s.multiply(normed, s.conv2d(latents, "conv_y", x.channels(), 1));
        return s.add(scaled, s.conv2d(latents, "conv_b", x.channels(), 1));
    }
}
