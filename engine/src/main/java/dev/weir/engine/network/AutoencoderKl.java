package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;

/**
 * The autoencoder between pictures and latents (Kingma and Welling 2014; Rombach et al. 2022), as diffusers'
 * {@code AutoencoderKL}, and with another decoder as its {@code AsymmetricAutoencoderKL} (Zhu et al. 2023).
 */
record AutoencoderKl(
        Codec codec,
        AutoencoderBlocks encoder,
        AutoencoderBlocks decoder,
        boolean quantConv,
        boolean postQuantConv,
        boolean masked,
        boolean wideRange)
        implements Autoencoder {

    static final String NAME = "AutoencoderKL";
    static final String ASYMMETRIC = "AsymmetricAutoencoderKL";

    static AutoencoderKl read(JsonNode json) {
        var config = new Config(NAME, json);
        boolean midAttention = config.bool("mid_block_add_attention", true);
        var encoder = AutoencoderBlocks.read(
                config,
                "block_out_channels",
                "down_block_types",
                "layers_per_block",
                "DownEncoderBlock2D",
                midAttention);
        var decoder = AutoencoderBlocks.read(
                config, "block_out_channels", "up_block_types", "layers_per_block", "UpDecoderBlock2D", midAttention);
        var network = new AutoencoderKl(
                codec(config, encoder, decoder),
                encoder,
                decoder,
                config.bool("use_quant_conv", true),
                config.bool("use_post_quant_conv", true),
                false,
                config.bool("force_upcast", false));
        config.refuseTheRest();
        return network;
    }

    static AutoencoderKl readAsymmetric(JsonNode json) {
        var config = new Config(ASYMMETRIC, json);
        var encoder = AutoencoderBlocks.read(
                config,
                "down_block_out_channels",
                "down_block_types",
                "layers_per_down_block",
                "DownEncoderBlock2D",
                true);
        var decoder = AutoencoderBlocks.read(
                config, "up_block_out_channels", "up_block_types", "layers_per_up_block", "UpDecoderBlock2D", true);
        if (encoder.scale() != decoder.scale()) {
            throw config.refused("up_block_out_channels", encoder.channels().size() + " widths, as the way down has");
        }
        if (!new MaskCondition(decoder.channels()).fits()) {
            throw config.refused("up_block_out_channels", "widths that the mask's encoder has at the same sizes");
        }
        var network = new AutoencoderKl(
                codec(config, encoder, decoder),
                encoder,
                decoder,
                true,
                true,
                true,
                config.bool("force_upcast", false));
        config.ignore("block_out_channels"); // diffusers writes it and does not read it
        config.refuseTheRest();
        return network;
    }

    private static Codec codec(Config config, AutoencoderBlocks encoder, AutoencoderBlocks decoder) {
        Codec.requireRgb(config);
        int latentChannels = config.integer("latent_channels", 4);
        return new Codec(
                latentChannels,
                encoder.scale(),
                LatentScale.read(config, latentChannels, 0.18215),
                config.integers("sample_size", 2, 32).get(0),
                Math.max(encoder.widest(), decoder.widest()),
                true);
    }

    @Override
    public void describe(Script script) {
        decode(script.method(Codec.DECODE, "latents"));
        encode(script.method(Codec.ENCODE, "picture"));
        if (masked) {
            decodeMasked(script.method(Codec.DECODE_KNOWN, "latents", "picture", "mask"));
        }
    }

    private void decode(Graph g) {
        g.returns(picture(g, codec.latents(g), AutoencoderBlocks.Seen.AS_IT_IS));
    }

    private void decodeMasked(Graph g) {
        var picture = codec.picture(g);
        var mask = g.castImage(g.input(Input.Kind.IMAGE, "mask", 1, picture.positions())); // [B, 1, H, W]
        var kept = new MaskCondition(decoder.channels()).layers(g.at("decoder.condition_encoder"), picture, mask);
        g.returns(picture(g, codec.latents(g), kept));
    }

    private Value picture(Graph g, Value z, AutoencoderBlocks.Seen seen) {
        var latents = postQuantConv ? g.conv2d(z, "post_quant_conv", codec.channels(), 1) : z;
        return decoder.up(g.at("decoder"), latents, null, seen, 3);
    }

    private void encode(Graph g) {
        int moments = 2 * codec.channels(); // means and log variances
        var x = encoder.down(g.at("encoder"), codec.picture(g), moments);
        g.returns(quantConv ? g.conv2d(x, "quant_conv", moments, 1) : x); // [B, 2L, h, w]
    }
}
