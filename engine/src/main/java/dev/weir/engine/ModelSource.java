package dev.weir.engine;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.weights.Weights;
import java.nio.file.Path;

/** What a model is read from: a diffusers folder, or one file with the configurations of its family. Immutable; any thread. */
public interface ModelSource {

    /** What the model's owner gave: its name, and what errors name. */
    Path path();

    /** What kind of model it is read from, for people, with what is assumed of it. */
    String form();

    /** The configurations in diffusers' layout. */
    Path folder();

    ModelSettings settings();

    /** Whether it has a part that the pipelines of its class may lack. */
    boolean has(String component);

    /** Where a part's configurations lie. */
    default Path home(String component) {
        return folder().resolve(component);
    }

    /** The keys that replace those of a part's configuration; empty where none do. */
    ObjectNode changes(String component);

    /** What an error calls a file with configurations. Users know none that comes with Weir: the model itself stands for it. */
    default Path named(Path configuration) {
        return BundledFamilies.has(configuration) ? path() : configuration;
    }

    /** Throws {@link ModelException} where they are not there or cannot be read. */
    Weights weights(PipelineIndex index, String component);

    /** What an error about a part's weights begins with. */
    String place(PipelineIndex index, String component);

    /** What to do where its weights do not fit its configurations: the end of an error, or nothing. */
    default String advice() {
        return "";
    }

    /** The folder with a tokenizer's vocabulary. */
    default Path vocabulary(Path tokenizer) {
        return tokenizer;
    }

    /** Throws {@link ModelException} where weights are there that cannot be read, or not there although nothing else may have them. */
    void requireReadable(PipelineIndex index);
}
