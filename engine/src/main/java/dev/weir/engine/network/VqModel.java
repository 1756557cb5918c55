package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import java.util.List;

/**
 * The autoencoder of latent diffusion with a codebook (Esser et al. 2021), as diffusers' {@code VQModel}; with spatial norms it is
 * Kandinsky's MoVQ. The encoder gives latents that are not yet quantized.
 *
 * @param codes rows of the codebook
 * @param spatial whether the decoder's norms look at the quantized latents
 * @param quantizes whether latents are decoded as the nearest codes ({@code force_not_quantize} of a pipeline's configuration: as they are)
 */
record VqModel(
        Codec codec,
        AutoencoderBlocks encoder,
        AutoencoderBlocks decoder,
        int latentChannels,
        int codes,
        boolean spatial,
        boolean quantizes)
        implements Autoencoder {

    static final String NAME = "VQModel";

    /** Decodes latents as they are ({@code force_not_quantize}). */
    static final String DECODE_UNQUANTIZED = "decode_unquantized";

    /** Decodes numbers of codes ({@code lookup_from_codebook}). */
    static final String DECODE_CODES = "decode_codes";

    static VqModel read(JsonNode json) {
        var config = new Config(NAME, json);
        Codec.requireRgb(config);
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
        int latentChannels = config.integer("latent_channels", 3);
        int width = config.integer("vq_embed_dim", latentChannels);
        var norm = config.oneOf("norm_type", "group", List.of("group", "spatial"));
        if (norm.equals("spatial") && width != latentChannels) {
            throw config.refused("vq_embed_dim", latentChannels + " (latent_channels) with spatial norms");
        }
        var codec = new Codec(
                width,
                encoder.scale(),
                LatentScale.read(config, width, 0.18215),
                config.integers("sample_size", 2, 32).get(0),
                encoder.widest(),
                false);
        var network = new VqModel(
                codec,
                encoder,
                decoder,
                latentChannels,
                config.integer("num_vq_embeddings", 256),
                norm.equals("spatial"),
                !config.bool("force_not_quantize", false));
        config.ignore("lookup_from_codebook", "force_upcast"); // a caller chooses the method
        config.refuseTheRest();
        return network;
    }

    @Override
    public void describe(Script script) {
        var g = script.method(Codec.DECODE, "latents");
        var latents = codec.latents(g);
        decode(g, quantizes ? g.castImage(g.nearestCodes(latents, "quantize.embedding", codes)) : latents);
        g = script.method(DECODE_UNQUANTIZED, "latents");
        decode(g, codec.latents(g));
        lookUp(script.method(DECODE_CODES, "codes", "size"));
        encode(script.method(Codec.ENCODE, "picture"));
    }

    /** @param size any image of the latents' height and width, whose pixels the codes are of */
    private void lookUp(Graph g) {
        int pixels = codec.sampleSize() / codec.scale() * (codec.sampleSize() / codec.scale());
        var ids = g.input(Input.Kind.IDS, "codes", 1, pixels); // [B, h * w]
        var size = g.input(Input.Kind.IMAGE, "size", 1, pixels); // [B, 1, h, w]
        var rows = g.exactEmbedding(ids, "quantize.embedding", codes, codec.channels());
        decode(g, g.castImage(g.image(rows, size)));
    }

    private void decode(Graph g, Value quantized) {
        var z = g.conv2d(quantized, "post_quant_conv", latentChannels, 1);
        g.returns(decoder.up(
                g.at("decoder"), z, spatial ? quantized : null, AutoencoderBlocks.Seen.AS_IT_IS, 3)); // [B, 3, H, W]
    }

    private void encode(Graph g) {
        var x = encoder.down(g.at("encoder"), codec.picture(g), latentChannels);
        g.returns(g.conv2d(x, "quant_conv", codec.channels(), 1)); // [B, L, h, w]
    }
}
