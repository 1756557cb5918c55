package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import java.util.List;

/**
 * The decoder of Paella's autoencoder (Rampas et al. 2022, arXiv 2211.07292), which makes Stable Cascade's pictures. It decodes latents
 * as they are. Nothing encodes pictures with it, so its encoder and codebook are left out.
 *
 * @param square side of the squares of pixels that the smallest convolution makes
 * @param bottleneck blocks of the smallest images; the others have one
 */
record PaellaVqModel(Codec codec, int width, int levels, int square, int bottleneck) implements Autoencoder {

    static final String NAME = "PaellaVQModel";

    private static final int SAMPLE_SIZE = 1024;
    /** Of channels inside a block. */
    private static final int GROWTH = 4;

    private static final int COLORS = 3;
    private static final int NUMBERS = 6;
    private static final double EPS = 1e-6;

    static PaellaVqModel read(JsonNode json) {
        var config = new Config(NAME, json);
        Codec.requireRgb(config);
        int levels = config.integer("levels", 2);
        int width = config.integer("embed_dim", 384);
        if (levels > Codec.MOST_LEVELS) {
            throw config.refused("levels", "1 to %d".formatted(Codec.MOST_LEVELS));
        }
        int square = config.integer("up_down_scale_factor", 2);
        double factor = config.number("scale_factor", 0.3764);
        if (factor == 0) {
            throw config.refused("scale_factor", "a number other than 0");
        }
        var codec = new Codec(
                config.integer("latent_channels", 4),
                square << (levels - 1),
                new LatentScale(1 / factor, List.of(), List.of()),
                SAMPLE_SIZE,
                widest(width, levels, square),
                false);
        var network = new PaellaVqModel(codec, width, levels, square, config.integer("bottleneck_blocks", 12));
        config.ignore("num_vq_embeddings");
        config.refuseTheRest();
        return network;
    }

    /** Channels that the largest images would have at the picture's size: those between the two layers of a block, four times its own. */
    private static int widest(int width, int levels, int square) {
        return Math.max(1, GROWTH * (width >> (levels - 1)) / (square * square));
    }

    @Override
    public boolean spare(String weight) {
        return weight.startsWith("in_block.") || weight.startsWith("down_blocks.") || weight.startsWith("vquantizer.");
    }

    @Override
    public void describe(Script script) {
        var g = script.method(Codec.DECODE, "latents");
        var x = g.conv2d(codec.latents(g), "up_blocks.0.0", width, 1); // [B, W, h, w]
        int layer = 1;
        for (int level = 0; level < levels; level++) {
            for (int i = 0; i < (level == 0 ? bottleneck : 1); i++) {
                x = block(g.at("up_blocks." + layer++), x);
            }
            if (level < levels - 1) {
                x = g.transposedConv2d(x, "up_blocks." + layer++, width >> (level + 1), 4, 2, 1);
            }
        }
        var picture = g.shuffle(g.conv2d(x, "out_block.0", COLORS * square * square, 1), square, false);
        g.returns(g.shift(g.scale(picture, 2), -1)); // [B, 3, H, W], in [-1, 1]
    }

    private static Value block(Graph g, Value x) {
        var mixed = g.depthwiseConv2d(g.image(normed(g, x, 0), x), "depthwise.1", 3, true);
        x = g.add(x, weighed(g, mixed, 2));
        var h = g.gelu(g.linear(normed(g, x, 3), "channelwise.0", GROWTH * x.channels()));
        h = g.linear(h, "channelwise.2", x.channels());
        return g.add(x, weighed(g, g.image(h, x), 5));
    }

    /** As tokens, scaled and shifted by two numbers. */
    private static Value normed(Graph g, Value image, int first) {
        var scaled = g.timesNumber(g.layerNorm(g.tokens(image), EPS), "gammas", NUMBERS, first, 1);
        return g.plusNumber(scaled, "gammas", NUMBERS, first + 1);
    }

    private static Value weighed(Graph g, Value x, int number) {
        return g.timesNumber(x, "gammas", NUMBERS, number, 0);
    }
}
