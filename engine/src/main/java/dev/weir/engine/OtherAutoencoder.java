package dev.weir.engine;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.original.AutoencoderNaming;
import dev.weir.engine.original.Naming;
import dev.weir.engine.weights.ComponentWeights;
import dev.weir.engine.weights.SafetensorsFile;
import dev.weir.engine.weights.Weights;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;

/**
 * A model with another autoencoder than its own. One in a file has the configuration of the model's own: a file does not say how
 * its latents are scaled. Immutable; any thread.
 *
 * @param autoencoder a safetensors file in diffusers' or the original naming, or a folder with a config.json
 */
record OtherAutoencoder(ModelSource model, Path autoencoder) implements ModelSource {

    /** Where files of whole models have it: those of the original repositories and ComfyUI's. */
    static final String[] PREFIXES = {"first_stage_model.", "vae."};

    private static final String VAE = "vae";
    private static final String FIRST_OF_DECODER = "decoder.conv_in.weight";

    /** Opens a model. Where the model opens with its own autoencoder, an error says that this one does not fit. */
    static <T> T opened(ModelSource source, Function<ModelSource, T> opener) {
        try {
            return opener.apply(source);
        } catch (ModelException e) {
            throw source instanceof OtherAutoencoder other && other.isToBlame(e, opener)
                    ? new ModelException(
                            "%s: this autoencoder does not fit the model: %s"
                                    .formatted(other.autoencoder, e.getMessage()),
                            e)
                    : e;
        }
    }

    private boolean isToBlame(ModelException problem, Function<ModelSource, ?> opener) {
        if (problem.getMessage().startsWith(autoencoder.toString())) {
            return false;
        }
        try {
            opener.apply(model);
            return true;
        } catch (ModelException e) {
            return false;
        }
    }

    @Override
    public String advice() {
        return model.advice();
    }

    @Override
    public Path path() {
        return model.path();
    }

    @Override
    public String form() {
        return "%s, with the autoencoder %s".formatted(model.form(), autoencoder);
    }

    @Override
    public Path folder() {
        return model.folder();
    }

    @Override
    public ModelSettings settings() {
        return model.settings();
    }

    @Override
    public boolean has(String component) {
        return model.has(component);
    }

    @Override
    public Path home(String component) {
        return isFolder(component) ? autoencoder : model.home(component);
    }

    @Override
    public ObjectNode changes(String component) {
        return isFolder(component) ? ModelSettings.NO_CHANGES : model.changes(component);
    }

    @Override
    public Path named(Path configuration) {
        return configuration.startsWith(autoencoder) ? configuration : model.named(configuration);
    }

    @Override
    public Weights weights(PipelineIndex index, String component) {
        if (!component.equals(VAE)) {
            return model.weights(index, component);
        }
        if (isFolder(component)) {
            return ComponentWeights.open(autoencoder);
        }
        SafetensorsFile tensors = SafetensorsFile.open(autoencoder);
        boolean isDiffusers = tensors.names().stream().anyMatch(name -> name.startsWith("decoder.up_blocks."));
        return isDiffusers ? tensors : original(autoencoder, tensors, index);
    }

    /** The autoencoder of a file in the original naming, which has it alone or in a whole model. */
    static Weights original(Path file, Weights tensors, PipelineIndex index) {
        int levels = index.config(VAE).json().path("up_block_types").size();
        return new AutoencoderNaming(levels).of(file, tensors, Naming.prefix(tensors, PREFIXES));
    }

    @Override
    public String place(PipelineIndex index, String component) {
        return component.equals(VAE) ? autoencoder.toString() : model.place(index, component);
    }

    @Override
    public Path vocabulary(Path tokenizer) {
        return model.vocabulary(tokenizer);
    }

    @Override
    public void requireReadable(PipelineIndex index) {
        if (!index.components().containsKey(VAE)) {
            throw new ModelException("%s: the model has no vae that %s could replace".formatted(path(), autoencoder));
        }
        if (!index.weights(VAE).names().contains(FIRST_OF_DECODER)) {
            throw new ModelException("%s: no autoencoder: it has no %s".formatted(autoencoder, FIRST_OF_DECODER));
        }
        model.requireReadable(index);
    }

    private boolean isFolder(String component) {
        return component.equals(VAE) && Files.isDirectory(autoencoder);
    }
}
