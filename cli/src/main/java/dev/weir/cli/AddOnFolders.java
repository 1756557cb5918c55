package dev.weir.cli;

import dev.weir.engine.ModelFolder;
import dev.weir.engine.adapter.LoraFolders;
import dev.weir.engine.control.ControlNetFolders;
import dev.weir.engine.inversion.EmbeddingFolders;
import dev.weir.runtime.NodeConfig;
import java.nio.file.Path;

/** The files beside the models that requests may name, as a node's settings say. Immutable; any thread. */
record AddOnFolders(LoraFolders loras, ControlNetFolders controlNets, EmbeddingFolders embeddings) {

    /** Throws {@link dev.weir.engine.ModelException} that names a folder that cannot be read. */
    static AddOnFolders of(NodeConfig.Compute compute) {
        return new AddOnFolders(
                compute.addOns().loras().isEmpty()
                        ? LoraFolders.NONE
                        : LoraFolders.open(compute.addOns().loras()),
                compute.addOns().controlNets().isEmpty()
                        ? ControlNetFolders.NONE
                        : ControlNetFolders.open(compute.addOns().controlNets()),
                compute.addOns().embeddings().isEmpty()
                        ? EmbeddingFolders.NONE
                        : EmbeddingFolders.open(compute.addOns().embeddings()));
    }

    ModelFolder open(NodeConfig.Compute compute, Path path) {
        return ModelFolder.open(
                path, compute.sampler(), compute.taesd(), compute.vae(), loras, controlNets, embeddings);
    }
}
