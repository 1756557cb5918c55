package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.weights.Weights;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the shapes of a transformer's tensors say of its configuration. Refuses one without a tensor that all of its kind have. Immutable;
 * any thread.
 *
 * @param file where the tensors are
 * @param weights under the names of diffusers
 */
record TransformerShape(Path file, Weights weights) {

    private static final String DOUBLE = "transformer_blocks";
    private static final String SINGLE = "single_transformer_blocks";
    private static final String FIRST_NORM = "transformer_blocks.0.attn.norm_q.weight";
    private static final String HEAD_WIDTH = "attention_head_dim";

    /** The configuration of Flux.1. */
    ObjectNode flux() {
        return embedders()
                .put("in_channels", side("x_embedder.weight", 1))
                .put("out_channels", side("proj_out.weight", 0))
                .put("num_single_layers", blocks(SINGLE))
                .put("num_attention_heads", side("x_embedder.weight", 0) / Math.max(1, side(FIRST_NORM, 0)))
                .put(HEAD_WIDTH, side(FIRST_NORM, 0))
                .put("guidance_embeds", has("time_text_embed.guidance_embedder.linear_1.weight"));
    }

    /**
     * The configuration of Stable Diffusion 3.
     *
     * @param usual where queries and keys have no norms, the shapes do not say how wide a head is
     */
    ObjectNode stableDiffusionThree(JsonNode usual) {
        String patches = "pos_embed.proj.weight";
        int width = side(patches, 0);
        int patch = Math.max(1, side(patches, 2));
        boolean normed = has(FIRST_NORM);
        int head = Math.max(
                1, normed ? side(FIRST_NORM, 0) : usual.path(HEAD_WIDTH).asInt());
        ObjectNode json = embedders()
                .put("in_channels", side(patches, 1))
                .put("out_channels", side("proj_out.weight", 0) / (patch * patch))
                .put("patch_size", patch)
                .put("num_attention_heads", width / head)
                .put(HEAD_WIDTH, head)
                .put("caption_projection_dim", width)
                .put("pos_embed_max_size", (int) Math.sqrt(side("pos_embed.pos_embed", 1)))
                .put("qk_norm", normed ? "rms_norm" : null);
        ArrayNode dual = json.putArray("dual_attention_layers");
        for (int block = 0; block < blocks(DOUBLE); block++) {
            if (has("%s.%d.attn2.to_q.weight".formatted(DOUBLE, block))) {
                dual.add(block);
            }
        }
        return json;
    }

    /**
     * The configuration of Z-Image.
     *
     * @param usual where queries and keys have no norms, the shapes do not say how wide a head is
     */
    ObjectNode zImage(JsonNode usual) {
        String norm = "layers.0.attention.norm_q.weight";
        int width = side("cap_embedder.1.weight", 0);
        int usualHeads = usual.path("n_heads").asInt();
        int heads = has(norm) || usualHeads == 0 ? width / Math.max(1, side(norm, 0)) : usualHeads;
        return JsonNodeFactory.instance
                .objectNode()
                .put("dim", width)
                .put("cap_feat_dim", side("cap_embedder.1.weight", 1))
                .put("in_channels", side("all_x_embedder.2-1.weight", 1) / 4)
                .put("n_layers", blocks("layers"))
                .put("n_refiner_layers", blocks("noise_refiner"))
                .put("n_heads", heads)
                .put("n_kv_heads", heads)
                .put("qk_norm", has(norm));
    }

    private ObjectNode embedders() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("num_layers", blocks(DOUBLE))
                .put("joint_attention_dim", side("context_embedder.weight", 1))
                .put("pooled_projection_dim", side("time_text_embed.text_embedder.linear_1.weight", 1));
    }

    private int blocks(String list) {
        Pattern name = Pattern.compile(list + "\\.(\\d{1,4})\\..+");
        return weights.names().stream()
                .map(name::matcher)
                .filter(Matcher::matches)
                .mapToInt(block -> Integer.parseInt(block.group(1)) + 1)
                .max()
                .orElse(0);
    }

    private boolean has(String tensor) {
        return weights.names().contains(tensor);
    }

    private int side(String tensor, int axis) {
        if (!has(tensor)) {
            throw new ModelException("%s: tensor %s is missing".formatted(file, tensor));
        }
        return Math.toIntExact(Family.side(weights, tensor, axis));
    }
}
