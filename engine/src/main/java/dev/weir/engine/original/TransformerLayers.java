package dev.weir.engine.original;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The layers of a transformer in its original repository and in diffusers, where one of the repository may be several. Immutable; any
 * thread.
 */
public final class TransformerLayers {

    /**
     * The rows that a layer of diffusers has in an original one.
     *
     * @param layer the original one
     * @param first the first of so many equal parts of its rows
     * @param end the part after the last
     * @param isSwapped whether the halves of the rows are the other way round: the scale before the shift
     */
    public record Piece(String layer, int first, int end, int of, boolean isSwapped) {}

    /** Where a block's number is in the names below. */
    private static final String NUMBER = "#";

    private static final Pattern BLOCK = Pattern.compile("(\\w+_blocks|\\w+_refiner|layers)\\.(\\d{1,4})\\.(.+)");
    private static final Pattern LAST_OF_SD3 = Pattern.compile("transformer_blocks\\.(\\d{1,4})\\.attn\\.add_q_proj");

    private static final List<String> OWN_PARTS = List.of("attn.to_q", "attn.to_k", "attn.to_v");
    private static final List<String> TEXT_PARTS = List.of("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj");
    /** The part of a feed-forward network is four times as wide as the others. */
    private static final List<String> WITH_MLP = Stream.concat(
                    OWN_PARTS.stream(), Collections.nCopies(4, "proj_mlp").stream())
            .toList();

    private static final String LAST_NORM = "final_layer.adaLN_modulation.1";

    private static final Map<String, List<String>> FLUX = new LinkedHashMap<>();
    private static final Map<String, List<String>> SD3 = new LinkedHashMap<>();
    /** The layers of Flux.1 that LoRAs of XLabs change. */
    private static final Map<String, List<String>> XLABS = new LinkedHashMap<>();
    /** Those of Z-Image whose names differ. */
    private static final Map<String, List<String>> Z_IMAGE = new LinkedHashMap<>();

    /** A norm of Z-Image's that nothing reads. */
    private static final Set<String> UNREAD_OF_Z_IMAGE = Set.of("norm_final.weight");

    static {
        block(
                FLUX,
                "double_blocks",
                "transformer_blocks",
                Map.ofEntries(
                        Map.entry("img_mod.lin", List.of("norm1.linear")),
                        Map.entry("txt_mod.lin", List.of("norm1_context.linear")),
                        Map.entry("img_attn.qkv", OWN_PARTS),
                        Map.entry("txt_attn.qkv", TEXT_PARTS),
                        Map.entry("img_attn.norm.query_norm", List.of("attn.norm_q")),
                        Map.entry("img_attn.norm.key_norm", List.of("attn.norm_k")),
                        Map.entry("txt_attn.norm.query_norm", List.of("attn.norm_added_q")),
                        Map.entry("txt_attn.norm.key_norm", List.of("attn.norm_added_k")),
                        Map.entry("img_attn.proj", List.of("attn.to_out.0")),
                        Map.entry("txt_attn.proj", List.of("attn.to_add_out")),
                        Map.entry("img_mlp.0", List.of("ff.net.0.proj")),
                        Map.entry("img_mlp.2", List.of("ff.net.2")),
                        Map.entry("txt_mlp.0", List.of("ff_context.net.0.proj")),
                        Map.entry("txt_mlp.2", List.of("ff_context.net.2"))));
        block(
                FLUX,
                "single_blocks",
                "single_transformer_blocks",
                Map.of(
                        "modulation.lin", List.of("norm.linear"),
                        "linear1", WITH_MLP,
                        "linear2", List.of("proj_out"),
                        "norm.query_norm", List.of("attn.norm_q"),
                        "norm.key_norm", List.of("attn.norm_k")));
        mlp(FLUX, "time_in.in_layer", "time_in.out_layer", "timestep_embedder");
        mlp(FLUX, "vector_in.in_layer", "vector_in.out_layer", "text_embedder");
        mlp(FLUX, "guidance_in.in_layer", "guidance_in.out_layer", "guidance_embedder");
        FLUX.put("img_in", List.of("x_embedder"));
        FLUX.put("txt_in", List.of("context_embedder"));
        block(
                SD3,
                "joint_blocks",
                "transformer_blocks",
                Map.ofEntries(
                        Map.entry("x_block.adaLN_modulation.1", List.of("norm1.linear")),
                        Map.entry("context_block.adaLN_modulation.1", List.of("norm1_context.linear")),
                        Map.entry("x_block.attn.qkv", OWN_PARTS),
                        Map.entry("x_block.attn2.qkv", List.of("attn2.to_q", "attn2.to_k", "attn2.to_v")),
                        Map.entry("context_block.attn.qkv", TEXT_PARTS),
                        Map.entry("x_block.attn.ln_q", List.of("attn.norm_q")),
                        Map.entry("x_block.attn.ln_k", List.of("attn.norm_k")),
                        Map.entry("x_block.attn2.ln_q", List.of("attn2.norm_q")),
                        Map.entry("x_block.attn2.ln_k", List.of("attn2.norm_k")),
                        Map.entry("context_block.attn.ln_q", List.of("attn.norm_added_q")),
                        Map.entry("context_block.attn.ln_k", List.of("attn.norm_added_k")),
                        Map.entry("x_block.attn.proj", List.of("attn.to_out.0")),
                        Map.entry("x_block.attn2.proj", List.of("attn2.to_out.0")),
                        Map.entry("context_block.attn.proj", List.of("attn.to_add_out")),
                        Map.entry("x_block.mlp.fc1", List.of("ff.net.0.proj")),
                        Map.entry("x_block.mlp.fc2", List.of("ff.net.2")),
                        Map.entry("context_block.mlp.fc1", List.of("ff_context.net.0.proj")),
                        Map.entry("context_block.mlp.fc2", List.of("ff_context.net.2"))));
        mlp(SD3, "t_embedder.mlp.0", "t_embedder.mlp.2", "timestep_embedder");
        mlp(SD3, "y_embedder.mlp.0", "y_embedder.mlp.2", "text_embedder");
        SD3.put("x_embedder.proj", List.of("pos_embed.proj"));
        SD3.put("context_embedder", List.of("context_embedder"));
        block(
                XLABS,
                "double_blocks",
                "transformer_blocks",
                Map.of(
                        "qkv_lora1",
                        OWN_PARTS,
                        "qkv_lora2",
                        TEXT_PARTS,
                        "proj_lora1",
                        List.of("attn.to_out.0"),
                        "proj_lora2",
                        List.of("attn.to_add_out")));
        block(
                XLABS,
                "single_blocks",
                "single_transformer_blocks",
                Map.of("qkv", OWN_PARTS, "proj", List.of("proj_out")));
        for (String blocks : List.of("layers", "noise_refiner", "context_refiner")) {
            block(
                    Z_IMAGE,
                    blocks,
                    blocks,
                    Map.of(
                            "attention.qkv",
                            List.of("attention.to_q", "attention.to_k", "attention.to_v"),
                            "attention.out",
                            List.of("attention.to_out.0"),
                            "attention.q_norm",
                            List.of("attention.norm_q"),
                            "attention.k_norm",
                            List.of("attention.norm_k")));
        }
        Z_IMAGE.put("x_embedder", List.of("all_x_embedder.2-1"));
        Z_IMAGE.put("final_layer.linear", List.of("all_final_layer.2-1.linear"));
        Z_IMAGE.put(LAST_NORM, List.of("all_final_layer.2-1.adaLN_modulation.1"));
        for (var table : List.of(FLUX, SD3)) {
            table.put("final_layer.linear", List.of("proj_out"));
            table.put(LAST_NORM, List.of("norm_out.linear"));
        }
    }

    private static void block(
            Map<String, List<String>> table, String original, String own, Map<String, List<String>> layers) {
        layers.forEach((name, parts) -> table.put(
                "%s.%s.%s".formatted(original, NUMBER, name),
                parts.stream()
                        .map(part -> "%s.%s.%s".formatted(own, NUMBER, part))
                        .toList()));
    }

    private static void mlp(Map<String, List<String>> table, String first, String second, String own) {
        table.put(first, List.of("time_text_embed.%s.linear_1".formatted(own)));
        table.put(second, List.of("time_text_embed.%s.linear_2".formatted(own)));
    }

    private final Map<String, List<String>> own;
    private final Map<String, Piece> pieces = new HashMap<>();
    private final Set<String> swapped;
    private final Set<String> unread;

    private TransformerLayers(Map<String, List<String>> own, Set<String> swapped, Set<String> unread) {
        this.own = own;
        this.swapped = swapped;
        this.unread = unread;
        own.forEach((original, parts) -> new ArrayList<>(parts)
                .forEach(part -> pieces.put(
                        part,
                        new Piece(original, parts.indexOf(part), parts.lastIndexOf(part) + 1, parts.size(), false))));
    }

    /** Flux.1's. */
    public static TransformerLayers ofFlux() {
        return new TransformerLayers(FLUX, Set.of(LAST_NORM), Set.of());
    }

    /** Stable Diffusion 3's, whose last block has its scale before its shift in diffusers. */
    public static TransformerLayers ofSd3(int blocks) {
        return new TransformerLayers(
                SD3,
                Set.of(LAST_NORM, "joint_blocks.%d.context_block.adaLN_modulation.1".formatted(blocks - 1)),
                Set.of());
    }

    public static TransformerLayers ofZImage() {
        return new TransformerLayers(Z_IMAGE, Set.of(), UNREAD_OF_Z_IMAGE);
    }

    /** The names by which trainers call the layers of a network; none where it is of no such kind. */
    public static List<TransformerLayers> of(Set<String> layers) {
        if (layers.stream().anyMatch(layer -> layer.startsWith("single_transformer_blocks."))) {
            return List.of(ofFlux(), new TransformerLayers(XLABS, Set.of(), Set.of()));
        }
        if (layers.contains("all_x_embedder.2-1")) {
            return List.of(ofZImage());
        }
        int blocks = layers.stream()
                .map(LAST_OF_SD3::matcher)
                .filter(Matcher::matches)
                .mapToInt(layer -> Integer.parseInt(layer.group(1)) + 1)
                .max()
                .orElse(0);
        return blocks == 0 ? List.of() : List.of(ofSd3(blocks));
    }

    /** What a layer of diffusers is in the original repository; empty where it is not known, or has the same name. */
    public Optional<Piece> original(String layer) {
        Matcher block = BLOCK.matcher(layer);
        if (!block.matches()) {
            return Optional.ofNullable(pieces.get(layer)).map(this::swapped);
        }
        return Optional.ofNullable(pieces.get(pattern(block)))
                .map(piece -> swapped(new Piece(
                        piece.layer().replace(NUMBER, block.group(2)), piece.first(), piece.end(), piece.of(), false)));
    }

    private Piece swapped(Piece piece) {
        return new Piece(piece.layer(), piece.first(), piece.end(), piece.of(), swapped.contains(piece.layer()));
    }

    /** Whether a tensor of the original repository is one that the network does not read. */
    boolean isUnread(String tensor) {
        return unread.contains(tensor);
    }

    /** The layers of diffusers that an original one is; none where it is not known, or has the same name. */
    List<String> own(String original) {
        Matcher block = BLOCK.matcher(original);
        if (!block.matches()) {
            return own.getOrDefault(original, List.of());
        }
        return own.getOrDefault(pattern(block), List.of()).stream()
                .distinct()
                .map(name -> name.replace(NUMBER, block.group(2)))
                .toList();
    }

    private static String pattern(Matcher block) {
        return "%s.%s.%s".formatted(block.group(1), NUMBER, block.group(3));
    }
}
