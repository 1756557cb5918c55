package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.network.NetworkMemory;
import dev.weir.engine.pipeline.Component;
import dev.weir.engine.pipeline.Pipeline;
import dev.weir.engine.pipeline.Role;
import dev.weir.engine.pipeline.StageSpec;
import dev.weir.engine.pipeline.Workflow;
import dev.weir.engine.weights.Weights;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * The memory in bytes that a model needs in a precision, estimated from its configurations and the headers of its weights. The
 * weights' files are mapped besides; the system drops their pages where memory is short.
 *
 * @param weights of all parts
 * @param denoising what the largest denoiser computes in between for one guided picture, which is two rows or three
 * @param decoding what the autoencoder computes in between for one picture in one piece
 * @param tile the same for a tile, where the picture is decoded in tiles
 */
public record ModelMemory(Precision precision, long weights, long denoising, long decoding, long tile) {

    /** All stages in one process, and a picture in tiles where that takes less. */
    public long least() {
        return weights + denoising + Math.min(decoding, tile);
    }

    /** All stages in one process, and a picture in one piece. */
    public long whole() {
        return weights + denoising + decoding;
    }

    static ModelMemory of(PipelineIndex index, Pipeline pipeline, Precision precision) {
        List<String> all =
                pipeline.type().components().stream().map(Component::folder).toList();
        long weights = weights(index, all, precision);
        return new ModelMemory(
                precision,
                weights,
                most(pipeline, Role.DIFFUSE, (workflow, stage) -> {
                    return stage.guidedRows()
                            * NetworkMemory.denoisingBytes(
                                    config(index, stage.network()), precision, area(pipeline, workflow, stage));
                }),
                most(pipeline, Role.DECODE, (workflow, stage) -> {
                    long side = workflow.sizes().usual();
                    return decoding(index, stage, json -> NetworkMemory.decodingBytes(json, precision, side * side));
                }),
                most(
                        pipeline,
                        Role.DECODE,
                        (workflow, stage) -> decoding(index, stage, json -> NetworkMemory.tileBytes(json, precision))));
    }

    /** Of the samples of a diffusing stage, in their pixels. */
    private static long area(Pipeline pipeline, Workflow workflow, StageSpec stage) {
        int side = workflow.sizes().usual() / stage.reduction();
        if (stage.isPrior()) {
            return pipeline.type().made(1, side, side).size();
        }
        if (pipeline.type().hasOneShape()) {
            return (long) pipeline.latent().height() * pipeline.latent().width();
        }
        long latent = side / (stage.ofPixels() ? 1 : pipeline.scale());
        return latent * latent;
    }

    /** Of the networks among these parts. */
    static long weights(PipelineIndex index, Collection<String> parts, Precision precision) {
        return index.type().components().stream()
                .filter(component -> component.use().isNetwork() && parts.contains(component.folder()))
                .mapToLong(component -> weights(index, component, precision))
                .sum();
    }

    private static long weights(PipelineIndex index, Component component, Precision precision) {
        Weights weights = index.weights(component.folder());
        long parameters = weights.names().stream()
                .mapToLong(name -> Arrays.stream(weights.info(name).shape()).reduce(1, (a, b) -> a * b))
                .sum();
        return parameters * NetworkMemory.weightBytes(config(index, component.folder()), precision);
    }

    /** A stage need not have an autoencoder. */
    private static long decoding(PipelineIndex index, StageSpec stage, ToLongFunction<JsonNode> bytes) {
        return stage.components().stream()
                .filter(name -> index.component(name).use() == Component.Use.AUTOENCODER)
                .mapToLong(name -> bytes.applyAsLong(config(index, name)))
                .sum();
    }

    private interface Bytes {

        long of(Workflow workflow, StageSpec stage);
    }

    private static long most(Pipeline pipeline, Role role, Bytes bytes) {
        return pipeline.workflows().stream()
                .flatMapToLong(workflow -> workflow.stages().stream()
                        .filter(stage -> stage.role() == role)
                        .mapToLong(stage -> bytes.of(workflow, stage)))
                .max()
                .orElse(0);
    }

    private static JsonNode config(PipelineIndex index, String component) {
        return index.config(component).json();
    }
}
