package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Graph.Mask;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import dev.weir.engine.image.Bitmap;

/**
 * CLIP's vision transformer (Radford et al. 2021) with its projection: one embedding of each picture, {@code image_embeds}.
 * Takes normalized pixels of one size.
 */
final class ClipVisionModel implements Network {

    static final String FORWARD = "forward";

    private final Options options;

    ClipVisionModel(Options options) {
        this.options = options;
    }

    static ClipVisionModel read(JsonNode config) {
        return new ClipVisionModel(Options.read(config));
    }

    @Override
    public void describe(Script script) {
        var g = script.method(FORWARD, "pixels");
        g.returns(projected(g, pixels(g))); // [B, P]
    }

    /** The method's input: {@code [batch, channels, side, side]}. */
    Value pixels(Graph g) {
        int area = options.side() * options.side();
        return g.castImage(g.input(Input.Kind.IMAGE, "pixels", Bitmap.RGB, area));
    }

    /** The projection of the state of the class token, whose weights lie beside {@code vision_model}. */
    Value projected(Graph g, Value pixels) {
        return g.linear(pooled(g.at("vision_model"), pixels), "visual_projection", options.projection(), false);
    }

    /** The state of the class token, {@code [B, D]}. */
    Value pooled(Graph g, Value pixels) {
        return g.layerNorm(g.token(last(g, pixels, options.layers()), 0), "post_layernorm", options.eps());
    }

    /** The states after some layers, {@code [B, T, D]}: of the class token and of each patch. */
    Value last(Graph g, Value pixels, ClipLayers layers) {
        var embeddings = g.at("embeddings");
        var patches = embeddings.patches(pixels, "patch_embedding", options.width(), options.patch());
        var x = embeddings.prepend(g.tokens(patches), "class_embedding"); // [B, T, D]
        x = g.add(
                x, embeddings.embedding(g.positionsOf(x), "position_embedding", options.positions(), options.width()));
        x = g.layerNorm(x, "pre_layrnorm", options.eps());
        var states = layers.states(g, x, Mask.NONE);
        return states.get(states.size() - 1);
    }

    Options options() {
        return options;
    }

    /** Tensors of CLIP checkpoints that may be there and are not needed: buffers, later layers, the text half. */
    @Override
    public boolean spare(String name) {
        return name.endsWith("embeddings.position_ids")
                || name.equals("logit_scale")
                || name.equals("text_projection.weight")
                || name.startsWith("text_model.")
                || options.layers().isLater(name);
    }

    /** @param side of the pictures, in pixels */
    record Options(ClipLayers layers, int side, int patch, int projection) {

        static Options read(JsonNode json) {
            return read(new Config("CLIPVisionModelWithProjection", json));
        }

        static Options read(Config config) {
            int side = config.integer("image_size", 224);
            int patch = config.integer("patch_size", 32);
            if (config.integer("num_channels", Bitmap.RGB) != Bitmap.RGB) {
                throw config.refused("num_channels", "3");
            }
            if (patch == 0 || patch > side) {
                throw config.refused("patch_size", "a patch_size from 1 to image_size " + side);
            }
            return new Options(ClipLayers.read(config), side, patch, config.integer("projection_dim", 512));
        }

        int width() {
            return layers.width();
        }

        double eps() {
            return layers.eps();
        }

        /** The class token and the patches. A rest at the right and the bottom makes no patch. */
        int positions() {
            return 1 + (side / patch) * (side / patch);
        }

        Options projectedTo(int width) {
            return new Options(layers, side, patch, width);
        }
    }
}
