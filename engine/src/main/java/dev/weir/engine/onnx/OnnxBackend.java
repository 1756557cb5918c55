package dev.weir.engine.onnx;

import dev.weir.engine.backend.Backend;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.graph.Script;

/** ONNX Runtime on a processor, in fp32. Any thread. */
public final class OnnxBackend implements Backend {

    @Override
    public Executable load(Script network) {
        return OnnxNetwork.load(network);
    }
}
