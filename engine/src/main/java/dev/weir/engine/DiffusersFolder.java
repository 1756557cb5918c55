package dev.weir.engine;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.weights.ComponentWeights;
import dev.weir.engine.weights.Weights;
import java.nio.file.Files;
import java.nio.file.Path;

/** A model in diffusers' layout: a folder with a model_index.json and a folder for each part. Immutable; any thread. */
record DiffusersFolder(Path folder, ModelSettings settings) implements ModelSource {

    /** Throws {@link ModelException} that says what the path is, unless it is a folder with a model_index.json. */
    static DiffusersFolder open(Path folder) {
        FolderKind.requirePipeline(folder);
        return new DiffusersFolder(folder, ModelSettings.read(folder));
    }

    @Override
    public Path path() {
        return folder;
    }

    @Override
    public String form() {
        return "a diffusers folder";
    }

    @Override
    public boolean has(String component) {
        return Files.isDirectory(home(component));
    }

    @Override
    public ObjectNode changes(String component) {
        return settings.changes(component);
    }

    @Override
    public Weights weights(PipelineIndex index, String component) {
        return ComponentWeights.open(index.home(component));
    }

    @Override
    public String place(PipelineIndex index, String component) {
        return index.home(component).toString();
    }

    @Override
    public void requireReadable(PipelineIndex index) {
        FolderKind.requireReadableWeights(index);
    }
}
