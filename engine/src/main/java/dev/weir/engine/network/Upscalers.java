package dev.weir.engine.network;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ModelException;
import dev.weir.engine.Upscaler;
import dev.weir.engine.graph.Script;
import dev.weir.engine.original.UpscalerNaming;
import dev.weir.engine.weights.Weights;
import java.nio.file.Path;

/** Loads upscalers of the ESRGAN class, which have no configuration: their weights say what they are. Any thread. */
public final class Upscalers {

    private Upscalers() {}

    /**
     * By how much an upscaler of the ESRGAN class enlarges the sides of a picture. Holds it to its weights.
     *
     * @throws ModelException where the weights are of no upscaler that Weir knows
     */
    public static int scale(Path file, Weights weights) {
        var named = UpscalerNaming.of(weights).of(file, weights, "");
        var network = network(named);
        described(network, named);
        return network.scale();
    }

    /** See {@link #scale}. */
    public static Upscaler load(Path file, Weights weights, ComputeTarget target) {
        var named = UpscalerNaming.of(weights).of(file, weights, "");
        var network = network(named);
        return new TiledUpscaler(
                Networks.backend(target).load(described(network, named)), network, Tiling.of(network, target));
    }

    /** Whether weights, in any naming of theirs, are of an upscaler that Weir knows. */
    public static boolean areIn(Weights weights) {
        return UpscalingNetwork.of(UpscalerNaming.of(weights).of(Path.of(""), weights, ""))
                .isPresent();
    }

    private static UpscalingNetwork network(Weights named) {
        return UpscalingNetwork.of(named)
                .orElseThrow(
                        () -> new ModelException(
                                "no upscaler that Weir runs: these are RRDBNet (ESRGAN, Real-ESRGAN, BSRGAN) and SRVGGNetCompact, of RGB pictures"));
    }

    private static Script described(UpscalingNetwork network, Weights named) {
        var script = new Script("upscaler", named);
        network.describe(script);
        script.check(network::spare);
        return script;
    }
}
