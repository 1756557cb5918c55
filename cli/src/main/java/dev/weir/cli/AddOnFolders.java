package dev.weir.cli;

import dev.weir.engine.AddOns;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.UpscalerFolders;
import dev.weir.engine.adapter.IpAdapterFolders;
import dev.weir.engine.adapter.LoraFolders;
import dev.weir.engine.control.ControlNetFolders;
import dev.weir.engine.inversion.EmbeddingFolders;
import dev.weir.runtime.NodeConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The files beside the models that requests may name, as a node's settings say. Immutable; any thread. */
record AddOnFolders(AddOns addOns) {

    private static final Logger LOG = LoggerFactory.getLogger(AddOnFolders.class);

    static final AddOnFolders NONE = new AddOnFolders(AddOns.NONE);

    /** Throws {@link dev.weir.engine.ModelException} that names a folder that cannot be read. */
    static AddOnFolders of(NodeConfig.Compute compute) {
        var dirs = compute.addOns();
        return new AddOnFolders(new AddOns(
                dirs.loras().isEmpty() ? LoraFolders.NONE : LoraFolders.open(dirs.loras()),
                dirs.controlNets().isEmpty() ? ControlNetFolders.NONE : ControlNetFolders.open(dirs.controlNets()),
                dirs.embeddings().isEmpty() ? EmbeddingFolders.NONE : EmbeddingFolders.open(dirs.embeddings()),
                dirs.ipAdapters().isEmpty() ? IpAdapterFolders.NONE : IpAdapterFolders.open(dirs.ipAdapters()),
                dirs.upscalers().isEmpty() ? UpscalerFolders.NONE : UpscalerFolders.open(dirs.upscalers())));
    }

    /** What pages draw with while a person types, where the models name such drafts. They keep their own samplers. */
    List<ModelFolder> drafts(NodeConfig.Compute compute, List<ModelFolder> models) {
        List<ModelFolder> drafts = new ArrayList<>();
        for (Path path : models.stream()
                .flatMap(model -> model.draft().stream())
                .distinct()
                .toList()) {
            try {
                drafts.add(open(compute.withSampler(Optional.empty()), path));
            } catch (ModelException e) {
                LOG.warn("nothing is drawn while typing: {}", e.getMessage());
            }
        }
        return drafts;
    }

    ModelFolder open(NodeConfig.Compute compute, Path path) {
        return ModelFolder.open(path, compute.sampler(), compute.taesd(), compute.vae(), addOns);
    }
}
