package dev.weir.cli;

import dev.weir.engine.AddOns;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.torch.Devices;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.NodeConfig;
import dev.weir.serving.KnownModel;
import dev.weir.serving.ModelDirectory;
import dev.weir.serving.NodeModels;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The models of a process: those that were named, and those of a folder, if there is one. */
record ProcessModels(NodeModels models, Optional<ModelDirectory> directory, Optional<AddOnWatch> watch)
        implements AutoCloseable {

    /** A large folder is looked into while the process already serves its first models. */
    private static final Duration FIRST_LOOK = Duration.ofSeconds(5);

    /** @param addOns that the models were opened with */
    static ProcessModels of(NodeConfig config, List<ModelFolder> named, AddOnFolders addOns, ComputeTarget target) {
        NodeConfig.Compute compute = config.compute();
        if (compute.directory().isEmpty()) {
            NodeModels models = NodeModels.of(named);
            return new ProcessModels(models, Optional.empty(), watch(addOns.addOns(), models));
        }
        NodeConfig.Directory directory = compute.directory().get();
        List<StageKind> kinds =
                config.roles().stream().flatMap(role -> role.stage().stream()).toList();
        long bytes = directory.bytes().orElseGet(() -> Devices.memory(target) / 2);
        NodeModels models = NodeModels.of(named, kinds, target, bytes);
        var folder =
                new ModelDirectory(directory.folder(), path -> addOns.open(compute, path), kinds, target, models::show);
        folder.start(FIRST_LOOK);
        return new ProcessModels(models, Optional.of(folder), watch(addOns.addOns(), models));
    }

    private static Optional<AddOnWatch> watch(AddOns addOns, NodeModels models) {
        if (addOns.equals(AddOns.NONE)) {
            return Optional.empty();
        }
        AddOnWatch watch = new AddOnWatch(addOns::poll, models::tellCards);
        models.onFileUnavailable(watch::look);
        watch.start();
        return Optional.of(watch);
    }

    /** Loads them on first use. */
    void offer(List<ModelFolder> folders) {
        models.show(folders.stream().map(KnownModel::of).toList());
    }

    @Override
    public void close() {
        watch.ifPresent(AddOnWatch::close);
        directory.ifPresent(ModelDirectory::close);
    }
}
