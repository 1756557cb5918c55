package dev.weir.engine.network;

import dev.weir.engine.graph.Script;

/** CLIP's vision transformer without its last layer and projection: the states of the class token and of each patch. */
record ClipVisionStates(ClipVisionModel whole) implements Network {

    @Override
    public void describe(Script script) {
        var g = script.method(ClipVisionModel.FORWARD, "pixels");
        g.returns(whole.last(g.at("vision_model"), whole.pixels(g), layers())); // [B, T, D]
    }

    private ClipLayers layers() {
        return whole.options().layers().withoutLast();
    }

    @Override
    public boolean spare(String weight) {
        return whole.spare(weight)
                || layers().isLater(weight)
                || weight.startsWith("vision_model.post_layernorm.")
                || weight.startsWith("visual_projection.");
    }
}
