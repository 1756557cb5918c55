package dev.weir.engine.network;

import dev.weir.engine.backend.Feed;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.weights.Weights;
import java.util.List;

/** Makes tokens of a picture's embedding for a plain IP-Adapter (diffusers' {@code ImageProjection}). */
record ImageProjection(int embedding, int tokens, int width) implements TokenNetwork {

    private static final double EPS = 1e-5;

    static ImageProjection of(Weights file) {
        var projection = file.info("image_proj.proj.weight").shape();
        int width = (int) file.info("image_proj.norm.weight").shape()[0];
        return new ImageProjection((int) projection[1], (int) projection[0] / width, width);
    }

    @Override
    public void describe(Script script) {
        var g = script.method(FORWARD, "embeds").at("image_proj");
        var embeds = g.cast(g.input(Input.Kind.ROWS, "embeds", embedding, 1)); // [B, E]
        var all = g.unflat(g.linear(embeds, "proj", tokens * width), tokens);
        g.returns(g.layerNorm(all, "norm", EPS)); // [B, T, D]
    }

    @Override
    public boolean spare(String weight) {
        return weight.startsWith("ip_adapter.");
    }

    @Override
    public Weights weights(Weights file) {
        return file;
    }

    @Override
    public List<Feed> feeds(List<float[]> views) {
        return List.of(Feed.floats(
                bytes -> {
                    var out = bytes.asFloatBuffer();
                    views.forEach(out::put);
                },
                views.size(),
                embedding));
    }

    /** An embedding of zeros. */
    @Override
    public List<float[]> nothing() {
        return List.of(new float[embedding]);
    }
}
