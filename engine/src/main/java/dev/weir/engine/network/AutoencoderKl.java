package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Graph.Mask;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import java.util.List;

/**
 * The autoencoder between pictures and latents (Kingma and Welling 2014; Rombach et al. 2022), as diffusers'
 * {@code AutoencoderKL}. Latents enter and leave in the denoiser's scale.
 */
final class AutoencoderKl {

    static final String DECODE = "decode";
    static final String ENCODE = "encode";

    private static final double EPS = 1e-6;

    private final Options options;
    private final ResnetBlock2D resnet;

    AutoencoderKl(Options options) {
        this.options = options;
        this.resnet = new ResnetBlock2D(options.groups(), EPS, 1);
    }

    void describe(Script script) {
        decode(script.method(DECODE, "latents"));
        encode(script.method(ENCODE, "pixels"));
    }

    private void decode(Graph g) {
        int side = Math.max(1, options.sampleSize() / options.scale());
        var z = g.castImage(g.scale(
                g.input(Input.Kind.IMAGE, "latents", options.latentChannels(), side * side),
                1 / options.scalingFactor())); // [B, L, h, w]
        g.returnsPixels(picture(g, z));
    }

    /** Unscaled latents {@code [B, L, h, w]} to a picture in [-1, 1], {@code [B, 3, H, W]}. */
    Value picture(Graph g, Value z) {
        return decoder(
                g.at("decoder"),
                options.postQuantConv() ? g.conv2d(z, "post_quant_conv", options.latentChannels(), 1) : z);
    }

    private Value decoder(Graph g, Value z) {
        var channels = options.channels();
        int n = channels.size();
        var x = g.conv2d(z, "conv_in", channels.get(n - 1), 3);
        x = middle(g.at("mid_block"), x);
        for (int i = 0; i < n; i++) {
            var block = g.at("up_blocks." + i);
            int out = channels.get(n - 1 - i);
            for (int j = 0; j <= options.layers(); j++) {
                x = resnet.apply(block.at("resnets." + j), x, null, out);
            }
            if (i < n - 1) { // to twice the size
                x = block.conv2d(block.upsampleTwice(x), "upsamplers.0.conv", out, 3);
            }
        }
        x = g.silu(g.groupNorm(x, "conv_norm_out", options.groups(), EPS));
        return g.conv2d(x, "conv_out", options.outChannels(), 3);
    }

    private void encode(Graph g) {
        int side = options.sampleSize();
        var pixels = g.input(Input.Kind.BYTES, "pixels", options.inChannels(), side * side); // bytes [B, H, W, 3]
        var mean = g.exact(mean(g, g.castImage(g.unitImage(pixels))));
        g.returns(g.scale(mean, options.scalingFactor()));
    }

    /** A picture in [-1, 1], {@code [B, 3, H, W]}, to the mean of its unscaled latents, {@code [B, L, h, w]}. */
    Value mean(Graph g, Value picture) {
        var x = encoder(g.at("encoder"), picture); // mean and log variance, [B, 2L, h, w]
        if (options.quantConv()) {
            x = g.conv2d(x, "quant_conv", 2 * options.latentChannels(), 1);
        }
        return g.narrow(x, 0, options.latentChannels());
    }

    private Value encoder(Graph g, Value x) {
        var channels = options.channels();
        int n = channels.size();
        x = g.conv2d(x, "conv_in", channels.get(0), 3);
        for (int i = 0; i < n; i++) {
            var block = g.at("down_blocks." + i);
            for (int j = 0; j < options.layers(); j++) {
                x = resnet.apply(block.at("resnets." + j), x, null, channels.get(i));
            }
            if (i < n - 1) { // to half the size
                x = block.conv2d(block.padBottomRight(x), "downsamplers.0.conv", channels.get(i), 3, 2, 0);
            }
        }
        x = middle(g.at("mid_block"), x);
        x = g.silu(g.groupNorm(x, "conv_norm_out", options.groups(), EPS));
        return g.conv2d(x, "conv_out", 2 * options.latentChannels(), 3);
    }

    private Value middle(Graph g, Value x) {
        x = resnet.apply(g.at("resnets.0"), x, null, x.channels());
        if (options.midAttention()) {
            x = attention(g.at("attentions.0"), x);
        }
        return resnet.apply(g.at("resnets.1"), x, null, x.channels());
    }

    /** One head over all pixels. Its layers had other names before diffusers 0.18. */
    private Value attention(Graph g, Value image) {
        int width = image.channels();
        var x = g.tokens(g.groupNorm(image, "group_norm", options.groups(), EPS)); // [B, HW, C]
        var q = g.linear(x, g.anyOf("to_q", "query"), width);
        var k = g.linear(x, g.anyOf("to_k", "key"), width);
        var v = g.linear(x, g.anyOf("to_v", "value"), width);
        var out = g.linear(g.attention(q, k, v, 1, Mask.NONE), g.anyOf("to_out.0", "proj_attn"), width);
        return g.add(g.image(out, image), image);
    }

    /**
     * @param channels of each level, from the picture's size to the latent's
     * @param layers residual blocks of a level on the way down; one more on the way up
     */
    record Options(
            int inChannels,
            int outChannels,
            int latentChannels,
            List<Integer> channels,
            int layers,
            int groups,
            int sampleSize,
            double scalingFactor,
            boolean quantConv,
            boolean postQuantConv,
            boolean midAttention,
            boolean wideRange) {

        static Options read(JsonNode json) {
            var config = new Config("AutoencoderKL", json);
            var channels = config.integers("block_out_channels");
            blocks(config, "down_block_types", "DownEncoderBlock2D", channels.size());
            blocks(config, "up_block_types", "UpDecoderBlock2D", channels.size());
            config.oneOf("act_fn", "silu", List.of("silu", "swish"));
            var options = new Options(
                    config.integer("in_channels", 3),
                    config.integer("out_channels", 3),
                    config.integer("latent_channels", 4),
                    channels,
                    config.integer("layers_per_block", 1),
                    config.integer("norm_num_groups", 32),
                    config.integer("sample_size", 32),
                    config.number("scaling_factor", 0.18215),
                    config.bool("use_quant_conv", true),
                    config.bool("use_post_quant_conv", true),
                    config.bool("mid_block_add_attention", true),
                    config.bool("force_upcast", false));
            if (options.inChannels() != 3 || options.outChannels() != 3) {
                throw config.refused(options.inChannels() != 3 ? "in_channels" : "out_channels", "3 (RGB)");
            }
            config.ignore("shift_factor"); // StableDiffusionPipeline does not apply it
            config.refuseTheRest();
            return options;
        }

        private static void blocks(Config config, String key, String type, int size) {
            var types = config.texts(key);
            if (types.size() != size || !types.stream().allMatch(type::equals)) {
                throw config.refused(key, size + " of " + type);
            }
        }

        /** Picture pixels of a latent pixel each way. */
        int scale() {
            return 1 << (channels.size() - 1);
        }
    }
}
