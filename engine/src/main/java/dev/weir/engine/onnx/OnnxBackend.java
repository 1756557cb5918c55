package dev.weir.engine.onnx;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.ModelException;
import dev.weir.engine.backend.Backend;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.graph.Script;

/** ONNX Runtime on a processor or a GPU, in fp32. Any thread. */
public record OnnxBackend(ComputeTarget target) implements Backend {

    /** On the processor. */
    public OnnxBackend() {
        this(new ComputeTarget("cpu", Precision.FP32, Engine.ONNX));
    }

    public static OnnxBackend on(ComputeTarget target) {
        return new OnnxBackend(target);
    }

    /** Loads the native libraries, which the first network otherwise waits for. Throws IllegalStateException where one does not load. */
    public static void start() {
        Ort.environment();
    }

    /** Refuses networks that compute a gradient, for which ONNX Runtime has no operation, and networks of points. */
    @Override
    public Executable load(Script network) {
        if (network.differentiates()) {
            throw new ModelException(
                    "ONNX Runtime computes no gradients, by which a classifier guides. Use --engine torch, or a folder without the classifier");
        }
        if (network.samplesPoints()) {
            throw new ModelException("Weir runs networks of clouds of points on libtorch alone. Use --engine torch");
        }
        return OnnxNetwork.load(network, target);
    }

    /** They share the kernels that Weir orders. ONNX Runtime shares what it orders itself only by functions that Java does not have. */
    @Override
    public Executable loadBeside(Executable first, Script network) {
        return OnnxNetwork.loadBeside((OnnxNetwork) first, network, target);
    }
}
