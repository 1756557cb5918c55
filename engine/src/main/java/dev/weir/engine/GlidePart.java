package dev.weir.engine;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.original.GlideNaming;
import dev.weir.engine.original.GuidedDiffusionNaming;
import dev.weir.engine.original.GuidedDiffusionNaming.Heads;
import dev.weir.engine.original.GuidedDiffusionShape;
import dev.weir.engine.weights.Weights;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * One original file of GLIDE: its UNet and its text transformer under the names of diffusers and CLIP, and the configurations that follow
 * from their shapes. Immutable; any thread.
 *
 * @param side pixels of its pictures each way
 * @param enlarges whether it sees a smaller picture beside its sample
 */
record GlidePart(WeightFile file, GuidedDiffusionShape shape, int side, boolean enlarges) {

    private static final int COLORS = 3;
    /** Channels of a head of each attention, in all published files. */
    private static final int HEAD = 64;

    private static final int GROUPS = 32;
    private static final int TRAIN_TIMESTEPS = 1000;

    /** Empty where the file is none of GLIDE. Throws {@link ModelException} where it is one that Weir does not run. */
    static Optional<GlidePart> of(WeightFile file, GuidedDiffusionTraining training) {
        return GuidedDiffusionShape.ofText(file.tensors()).map(shape -> {
            if (shape.in() != COLORS && shape.in() != 2 * COLORS) {
                throw new ModelException(
                        "%s: a UNet of GLIDE that sees %d channels, as those for inpainting do, is not supported"
                                .formatted(file.path(), shape.in()));
            }
            if (shape.base() != shape.widths().get(0)) {
                throw new ModelException(
                        "%s: the first level has %d channels and the timestep's embedding begins with %d"
                                .formatted(file.path(), shape.widths().get(0), shape.base()));
            }
            return new GlidePart(file, shape, GuidedDiffusionPart.side(shape, training), shape.in() == 2 * COLORS);
        });
    }

    Weights unet() {
        var naming = new GuidedDiffusionNaming(shape.layers(), new Heads(HEAD, 0), true);
        return GlideNaming.unet(naming).of(file.path(), file.tensors(), "");
    }

    Weights text() {
        return GlideNaming.text(textWidth() / HEAD).of(file.path(), file.tensors(), "");
    }

    int words() {
        return side("token_embedding.weight", 0);
    }

    int positions() {
        return side("positional_embedding", 0);
    }

    private int textWidth() {
        return side("positional_embedding", 1);
    }

    private int side(String tensor, int axis) {
        return (int) file.tensors().info(tensor).shape()[axis];
    }

    ObjectNode config() {
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("_class_name", "UNet2DConditionModel")
                .put("sample_size", side)
                .put("in_channels", shape.in())
                .put("out_channels", shape.out());
        shape.widths().forEach(json.putArray("block_out_channels")::add);
        types(json.putArray("down_block_types"), shape.attends(), "Down");
        json.put("mid_block_type", "UNetMidBlock2DSimpleCrossAttn");
        List<Boolean> upwards = new ArrayList<>(shape.attends());
        Collections.reverse(upwards);
        types(json.putArray("up_block_types"), upwards, "Up");
        return json.put("layers_per_block", shape.layers())
                .put("norm_num_groups", GROUPS)
                .put("resnet_time_scale_shift", shape.scaleShift() ? "scale_shift" : "default")
                .put("attention_head_dim", HEAD)
                .put("cross_attention_dim", textWidth())
                .put("class_embed_type", "simple_projection")
                .put("projection_class_embeddings_input_dim", textWidth());
    }

    private static void types(ArrayNode types, List<Boolean> attends, String way) {
        attends.forEach(attended -> types.add(
                attended ? "SimpleCrossAttn%sBlock2D".formatted(way) : "Resnet%ssampleBlock2D".formatted(way)));
    }

    ObjectNode textConfig() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putArray("architectures").add(textClassName());
        return json.put("vocab_size", words())
                .put("max_position_embeddings", positions())
                .put("hidden_size", textWidth())
                .put("intermediate_size", side("transformer.resblocks.0.mlp.c_fc.weight", 0))
                .put("num_attention_heads", textWidth() / HEAD)
                .put("num_hidden_layers", textLayers())
                .put("hidden_act", "gelu");
    }

    private int textLayers() {
        return (int) IntStream.iterate(0, layer -> layer + 1)
                .takeWhile(layer ->
                        file.tensors().names().contains("transformer.resblocks.%d.ln_1.weight".formatted(layer)))
                .count();
    }

    String textClassName() {
        return "GlideTextModel";
    }

    /** As the repository's notebook samples. */
    ObjectNode scheduler() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("_class_name", schedulerClassName())
                .put("num_train_timesteps", TRAIN_TIMESTEPS)
                .put("beta_start", 0.0001)
                .put("beta_end", 0.02)
                .put("beta_schedule", enlarges ? "linear" : "squaredcos_cap_v2")
                .put("clip_sample", true)
                .put("use_clipped_model_output", true)
                .put("timestep_spacing", enlarges ? "fast27" : "linspace")
                .put("variance_type", "learned_range");
    }

    String schedulerClassName() {
        return enlarges ? "DDIMScheduler" : "DDPMScheduler";
    }
}
