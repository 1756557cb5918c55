package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import dev.weir.engine.weights.Weights;
import java.util.Optional;

/**
 * A network that enlarges pictures with values in [0, 1]. {@link TiledUpscaler} gives it pictures whose sides it can take.
 */
interface UpscalingNetwork extends Network {

    String METHOD = "upscale";
    int COLORS = 3;
    /** What kernels are packed for: the side of a usual tile. */
    int USUAL_SIDE = 256;

    /** By how much the sides of a picture grow. */
    int scale();

    /** Side of the squares of pixels that it sees as one, which divides the sides of its input; 1 for none. */
    int inputSquare();

    /** Channels of its widest images, by the pixels of its output. */
    int widest();

    /** The network that the names and shapes are of; empty for any other. */
    static Optional<UpscalingNetwork> of(Weights weights) {
        return RrdbNet.of(weights).<UpscalingNetwork>map(net -> net).or(() -> SrvggNetCompact.of(weights));
    }

    /** {@code [B, 3, H, W]} of a picture {@code [B, 3, h, w]}. */
    Value upscaled(Graph g, Value picture);

    @Override
    default void describe(Script script) {
        Graph g = script.method(METHOD, "picture");
        Value picture = g.castImage(g.input(Input.Kind.IMAGE, "picture", COLORS, USUAL_SIDE * USUAL_SIDE));
        g.returns(upscaled(g, picture));
    }
}
