package dev.weir.engine.torch;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.backend.Backend;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.graph.Script;
import dev.weir.engine.torchscript.Numerics;

/** libtorch: CUDA devices, and processors. Any thread. */
public record TorchBackend(Numerics numerics) implements Backend {

    public static TorchBackend on(ComputeTarget target) {
        return new TorchBackend(Numerics.of(target, Processor.hasMatrixUnits()));
    }

    @Override
    public Executable load(Script network) {
        return TorchNetwork.load(network, numerics);
    }

    /** They share all weights. */
    @Override
    public Executable loadBeside(Executable first, Script network) {
        return TorchNetwork.loadBeside((TorchNetwork) first, network, numerics);
    }
}
