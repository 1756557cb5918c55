package dev.weir.engine.network;

import dev.weir.engine.network.AddedKvAttention.PromptNorm;
import java.util.List;
import java.util.Optional;

/**
 * What a configuration says of all blocks alike, and the blocks that it makes of levels.
 *
 * @param groups of norms; 0 where each block takes them from its channels
 * @param timeWidth of the embedding that blocks see
 * @param outputScale of blocks that resize in a residual block
 * @param midScale of the middle block
 */
record BlockOptions(
        int groups,
        double eps,
        Activation activation,
        int timeWidth,
        boolean scaleShift,
        boolean skipsTimeActivation,
        double outputScale,
        double midScale,
        int downsamplePadding,
        boolean dual,
        boolean linearProjection,
        PromptNorm promptNorm) {

    private static final int USUAL_GROUPS = 32;

    static BlockOptions read(Config config, int timeWidth) {
        return new BlockOptions(
                config.isNull("norm_num_groups") ? 0 : config.integer("norm_num_groups", USUAL_GROUPS),
                config.number("norm_eps", 1e-5),
                Activation.read(config, "act_fn"),
                timeWidth,
                config.oneOf("resnet_time_scale_shift", "default", List.of("default", "scale_shift"))
                        .equals("scale_shift"),
                config.bool("resnet_skip_time_act", false),
                config.number("resnet_out_scale_factor", 1),
                config.number("mid_block_scale_factor", 1),
                config.whole("downsample_padding", 1),
                config.bool("dual_cross_attention", false),
                config.bool("use_linear_projection", false),
                promptNorm(config));
    }

    private static PromptNorm promptNorm(Config config) {
        return switch (config.text("cross_attention_norm", "none")) {
            case "none" -> PromptNorm.NONE;
            case "layer_norm" -> PromptNorm.LAYER;
            case "group_norm" -> PromptNorm.GROUP;
            default -> throw config.refused("cross_attention_norm", "layer_norm or group_norm");
        };
    }

    UNetBlock down(UNetLevel level) {
        return level.type().isK() ? k(level, level.depths().size(), level.last()) : resnets(level);
    }

    UNetBlock up(UNetLevel level) {
        // diffusers knows the deepest level by its widths, and gives it a layer less than other networks' way up.
        boolean deepest = level.channels() == level.next() && level.channels() == timeWidth;
        return level.type().isK() ? k(level, level.depths().size() - 1, deepest) : resnets(level);
    }

    private UNetBlock k(UNetLevel level, int layers, boolean attendsToItself) {
        boolean attends = level.type() == BlockType.K_CROSS_ATTENTION;
        return new KLevel(
                level.channels(),
                level.next(),
                layers,
                eps,
                activation,
                attends ? Optional.of(new KAttention(level.headWidth(), attendsToItself)) : Optional.empty(),
                level.last());
    }

    private UNetBlock resnets(UNetLevel level) {
        boolean inside = level.type() == BlockType.RESNET || level.type() == BlockType.SIMPLE_CROSS_ATTENTION;
        var attentions = level.depths().stream()
                .map(depth -> attention(level, depth, groups))
                .toList();
        return new ResnetLevel(
                level.channels(),
                inside ? resnet(groups, skipsTimeActivation, outputScale) : resnet(groups, false, 1),
                attentions,
                inside,
                downsamplePadding,
                level.last());
    }

    private ResnetBlock2D resnet(int groups, boolean skips, double scale) {
        return new ResnetBlock2D(groups, eps, activation, scaleShift, skips, scale);
    }

    private BlockAttention attention(UNetLevel level, int depth, int groups) {
        return switch (level.type()) {
            case CROSS_ATTENTION ->
                dual
                        ? new DualTransformer2D(level.heads(), groups)
                        : new Transformer2D(level.heads(), depth, groups, linearProjection, level.onlyCross());
            case SIMPLE_CROSS_ATTENTION ->
                new AddedKvAttention(level.headWidth(), groups, level.onlyCross(), promptNorm);
            case SELF_ATTENTION -> new SelfAttention2D(level.headWidth(), groups, eps, 1);
            default -> BlockAttention.NONE;
        };
    }

    /** The middle block of a level's type: one attention of its kind, or a residual block alone. */
    MidBlock2D middle(UNetLevel level) {
        int own = groups == 0 ? Math.min(level.channels() / 4, USUAL_GROUPS) : groups;
        boolean skips = level.type() == BlockType.SIMPLE_CROSS_ATTENTION && skipsTimeActivation;
        List<BlockAttention> attentions = level.type() == BlockType.PLAIN
                ? List.of()
                : List.of(attention(level, level.depths().get(0), own));
        return new MidBlock2D(resnet(own, skips, midScale), attentions);
    }

    /** Whether padding of a prompt takes part in what blocks compute, so that prompts of different lengths do not share a forward. */
    boolean mixesPadding(List<UNetLevel> levels) {
        return levels.stream()
                .anyMatch(level -> level.type() == BlockType.CROSS_ATTENTION
                        ? dual
                        : level.type() == BlockType.SIMPLE_CROSS_ATTENTION && promptNorm == PromptNorm.GROUP);
    }
}
