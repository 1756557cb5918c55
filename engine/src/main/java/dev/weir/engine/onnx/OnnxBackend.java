package dev.weir.engine.onnx;

import dev.weir.engine.ModelException;
import dev.weir.engine.backend.Backend;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.graph.Script;

/** ONNX Runtime on a processor, in fp32. Any thread. */
public final class OnnxBackend implements Backend {

    /** Refuses networks that compute a gradient: ONNX Runtime has no operation for it. */
    @Override
    public Executable load(Script network) {
        if (network.differentiates()) {
            throw new ModelException(
                    "ONNX Runtime computes no gradients, by which a classifier guides. Use --engine torch, or a folder without the classifier");
        }
        return OnnxNetwork.load(network);
    }
}
