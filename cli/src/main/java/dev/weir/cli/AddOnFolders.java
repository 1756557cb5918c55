package dev.weir.cli;

import dev.weir.engine.ModelFolder;
import dev.weir.engine.adapter.LoraFolders;
import dev.weir.engine.control.ControlNetFolders;
import dev.weir.runtime.NodeConfig;
import java.nio.file.Path;

/** The files beside the models that requests may name, as a node's settings say. Immutable; any thread. */
record AddOnFolders(LoraFolders loras, ControlNetFolders controlNets) {

    /** Throws {@link dev.weir.engine.ModelException} that names a folder that cannot be read. */
    static AddOnFolders of(NodeConfig.Compute compute) {
        return new AddOnFolders(
                compute.loraDirs().isEmpty() ? LoraFolders.NONE : LoraFolders.open(compute.loraDirs()),
                compute.controlnetDirs().isEmpty()
                        ? ControlNetFolders.NONE
                        : ControlNetFolders.open(compute.controlnetDirs()));
    }

    ModelFolder open(NodeConfig.Compute compute, Path path) {
        return ModelFolder.open(path, compute.sampler(), compute.taesd(), compute.vae(), loras, controlNets);
    }
}
