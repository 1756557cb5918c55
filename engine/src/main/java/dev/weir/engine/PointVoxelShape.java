package dev.weir.engine;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The configurations of a file of point-voxel diffusion: widths as its tensors have them; points, voxels, radii and noise as the published
 * code has them for all its categories, since no tensor tells them. Immutable; any thread.
 */
record PointVoxelShape(Path file, Weights network) {

    static final String CLASS_NAME = "PVCNN2";
    static final String SCHEDULER_CLASS = "PVDScheduler";
    static final int POINTS = 2048;

    /** Those of generation have both. Those of shape completion have attention in place of the first. */
    private static final List<String> OF_GENERATION =
            List.of("sa_layers.1.0.voxel_layers.7.fc.0.weight", "global_att.q.weight");

    private static final int LEVELS = 4;
    private static final int NEIGHBOURS = 32;
    private static final int[] CENTERS = {1024, 256, 64, 16};
    private static final double[] RADII = {0.1, 0.2, 0.4, 0.8};
    private static final int[] VOXELS = {32, 16, 8};
    private static final int[] VOXELS_UP = {8, 8, 16, 32};
    private static final int TRAIN_TIMESTEPS = 1000;
    private static final int WARM_TIMESTEPS = 100;

    void requireGeneration() {
        OF_GENERATION.stream()
                .filter(name -> !network.names().contains(name))
                .findFirst()
                .ifPresent(name -> {
                    throw new ModelException(
                            "%s: a network of shape completion, or one without attention, which Weir does not run: %s is missing"
                                    .formatted(file, name));
                });
    }

    ObjectNode config() {
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("_class_name", CLASS_NAME)
                .put("num_points", POINTS)
                .put("time_embed_dim", width("embedf.0.weight"))
                .put("head_channels", width("classifier.0.layers.0.weight"));
        json.putArray("mean").add(0).add(0).add(0);
        json.put("std", 1);
        ArrayNode down = json.putArray("down_blocks");
        ArrayNode up = json.putArray("up_blocks");
        for (int level = 0; level < LEVELS; level++) {
            down(down.addObject(), level);
            up(up.addObject(), level);
        }
        return json;
    }

    private void down(ObjectNode block, int level) {
        String name = "sa_layers." + level + ".";
        int layers = convolutions(name, 0);
        if (layers > 0 && level < VOXELS.length) {
            block.put("channels", width(name + "0.voxel_layers.0.weight"))
                    .put("layers", layers)
                    .put("resolution", VOXELS[level]);
        }
        block.put("num_centers", CENTERS[level]).put("radius", RADII[level]).put("num_neighbors", NEIGHBOURS);
        widths(block, name + (layers > 0 ? layers + "." : "") + "mlps.0.layers.");
    }

    private void up(ObjectNode block, int level) {
        String name = "fp_layers." + level + ".";
        widths(block, name + "0.mlp.layers.");
        block.put("channels", width(name + "1.voxel_layers.0.weight"))
                .put("layers", convolutions(name, 1))
                .put("resolution", VOXELS_UP[level]);
    }

    /** Each layer is followed by its norm and its activation. */
    private void widths(ObjectNode block, String layers) {
        ArrayNode widths = block.putArray("set_channels");
        IntStream.iterate(0, layer -> layer + 3)
                .mapToObj(layer -> layers + layer + ".weight")
                .takeWhile(network.names()::contains)
                .forEach(name -> widths.add(width(name)));
    }

    private int convolutions(String name, int first) {
        return (int) IntStream.iterate(first, part -> part + 1)
                .takeWhile(part -> network.names().contains(name + part + ".voxel_layers.0.weight"))
                .count();
    }

    private int width(String name) {
        if (!network.names().contains(name)) {
            throw new ModelException(
                    "%s: %s is missing, which each published file of point-voxel diffusion has".formatted(file, name));
        }
        return (int) network.info(name).shape()[0];
    }

    /** @param warm whether the variances rise in the first tenth alone, as they were for aeroplanes */
    static ObjectNode scheduler(boolean warm) {
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("_class_name", SCHEDULER_CLASS)
                .put("num_train_timesteps", TRAIN_TIMESTEPS)
                .put("beta_schedule", "linear")
                .put("beta_start", warm ? 1e-5 : 1e-4)
                .put("beta_end", warm ? 0.008 : 0.02);
        if (warm) {
            ArrayNode betas = json.putArray("trained_betas");
            for (int t = 0; t < TRAIN_TIMESTEPS; t++) {
                betas.add(t < WARM_TIMESTEPS ? 1e-5 + t * (0.008 - 1e-5) / (WARM_TIMESTEPS - 1) : 0.008);
            }
        }
        return json;
    }
}
