package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import java.util.Collections;
import java.util.List;

/** A distilled autoencoder of plain convolutions (TAESD), as diffusers' {@code AutoencoderTiny}: fast and nearly as good. */
record AutoencoderTiny(
        Codec codec,
        int encoderWidth,
        List<Integer> encoderBlocks,
        int decoderWidth,
        List<Integer> decoderBlocks,
        Activation activation)
        implements Autoencoder {

    static final String NAME = "AutoencoderTiny";

    /** What it was trained at. diffusers' configuration does not say. */
    private static final int SAMPLE_SIZE = 512;

    static AutoencoderTiny read(JsonNode json) {
        var config = new Config(NAME, json);
        Codec.requireRgb(config);
        var encoderBlocks = config.wholes("num_encoder_blocks", List.of(1, 3, 3, 3));
        var decoderBlocks = config.wholes("num_decoder_blocks", List.of(3, 3, 3, 1));
        int encoderWidth = width(config, "encoder_block_out_channels", encoderBlocks.size());
        int decoderWidth = width(config, "decoder_block_out_channels", decoderBlocks.size());
        if (encoderBlocks.size() != decoderBlocks.size() || encoderBlocks.size() > Codec.MOST_LEVELS) {
            throw config.refused(
                    "num_decoder_blocks", "as many counts as the encoder has, and at most " + Codec.MOST_LEVELS);
        }
        config.oneOf("upsample_fn", "nearest", List.of("nearest"));
        if (config.integer("upsampling_scaling_factor", 2) != 2) {
            throw config.refused("upsampling_scaling_factor", "2");
        }
        int latentChannels = config.integer("latent_channels", 4);
        // The magnitude and shift are for storing latents as bytes.
        config.ignore("latent_magnitude", "latent_shift", "block_out_channels", "force_upcast");
        var codec = new Codec(
                latentChannels,
                1 << (encoderBlocks.size() - 1),
                LatentScale.read(config, latentChannels, 1),
                SAMPLE_SIZE,
                Math.max(encoderWidth, decoderWidth),
                false);
        var network = new AutoencoderTiny(
                codec,
                encoderWidth,
                encoderBlocks,
                decoderWidth,
                decoderBlocks,
                Activation.optional(config, "act_fn").orElse(Activation.RELU));
        config.refuseTheRest();
        return network;
    }

    /** diffusers' layers only fit together where all levels have one width. */
    private static int width(Config config, String key, int levels) {
        var widths = config.integers(key, Collections.nCopies(levels, 64));
        if (widths.size() != levels || widths.stream().distinct().count() > 1) {
            throw config.refused(key, levels + " times one width");
        }
        return widths.get(0);
    }

    @Override
    public void describe(Script script) {
        decode(script.method(Codec.DECODE, "latents"));
        encode(script.method(Codec.ENCODE, "picture"));
    }

    private void encode(Graph g) {
        var sequence = g.at("encoder.layers");
        var layers = new Layers();
        var x = g.shift(g.scale(codec.picture(g), 0.5), 0.5); // [B, 3, H, W], in [0, 1]
        for (int i = 0; i < encoderBlocks.size(); i++) {
            x = i == 0
                    ? sequence.conv2d(x, layers.next(), encoderWidth, 3)
                    : sequence.conv2d(x, layers.next(), encoderWidth, 3, 2, 1, false); // to half the size
            x = blocks(sequence, layers, x, encoderBlocks.get(i));
        }
        g.returns(sequence.conv2d(x, layers.next(), codec.channels(), 3)); // [B, L, h, w]
    }

    private void decode(Graph g) {
        var sequence = g.at("decoder.layers");
        var layers = new Layers();
        var x = g.scale(g.tanh(g.scale(codec.latents(g), 1 / 3.0)), 3);
        x = activation.apply(g, sequence.conv2d(x, layers.next(), decoderWidth, 3));
        layers.next(); // the activation
        for (int i = 0; i < decoderBlocks.size(); i++) {
            x = blocks(sequence, layers, x, decoderBlocks.get(i));
            boolean last = i == decoderBlocks.size() - 1;
            if (!last) { // to twice the size
                layers.next(); // the upsampling
                x = g.upsampleTwice(x);
            }
            x = sequence.conv2d(x, layers.next(), last ? 3 : decoderWidth, 3, 1, 1, last);
        }
        g.returns(g.shift(g.scale(x, 2), -1)); // [B, 3, H, W], in [-1, 1]
    }

    private Value blocks(Graph sequence, Layers layers, Value x, int count) {
        for (int i = 0; i < count; i++) {
            var g = sequence.at(layers.next()).at("conv");
            var h = activation.apply(g, g.conv2d(x, "0", x.channels(), 3));
            h = activation.apply(g, g.conv2d(h, "2", x.channels(), 3));
            x = g.relu(g.add(g.conv2d(h, "4", x.channels(), 3), x));
        }
        return x;
    }

    /** The numbers of a sequence's layers. */
    private static final class Layers {

        private int count;

        String next() {
            return Integer.toString(count++);
        }
    }
}
