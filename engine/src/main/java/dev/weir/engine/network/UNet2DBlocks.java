package dev.weir.engine.network;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What the levels of a {@code UNet2DModel} are made of.
 *
 * @param layers residual blocks of a level on the way down; one more on the way up
 * @param groups of norms; 0 where each norm takes them from its channels
 * @param headWidth channels of an attention's head; 0 where one head has all
 * @param heads of each attention, whatever its channels; 0 where {@code headWidth} counts
 * @param middleGroups of the norm of the middle's attention; 0 where it has none; empty where the middle does not attend
 */
record UNet2DBlocks(
        List<Integer> channels,
        List<BlockType> downTypes,
        List<BlockType> upTypes,
        int layers,
        int groups,
        double eps,
        Activation activation,
        boolean scaleShift,
        int headWidth,
        int heads,
        int downsamplePadding,
        boolean halvesInResnet,
        boolean doublesInResnet,
        boolean hasMiddle,
        double middleScale,
        OptionalInt middleGroups) {

    /** Not in diffusers: models of guided diffusion have as many heads at each level. */
    private static final String HEADS = "num_attention_heads";

    private static final int USUAL_GROUPS = 32;
    private static final int USUAL_HEAD = 8;
    private static final double SKIP_SCALE = Math.sqrt(2);
    private static final List<String> RESIZING = List.of("conv", "resnet");

    static UNet2DBlocks read(Config config) {
        var channels = channels(config);
        int n = channels.size();
        var down = BlockType.down(config, n, BlockType.UNCONDITIONAL);
        var up = BlockType.up(config, n, BlockType.UNCONDITIONAL);
        requireSkips(config, down, up);
        return read(config, channels, down, up);
    }

    /** Without a way up. */
    static UNet2DBlocks readEncoder(Config config) {
        var channels = channels(config);
        var known = EnumSet.of(BlockType.PLAIN, BlockType.RESNET, BlockType.SELF_ATTENTION);
        return read(config, channels, BlockType.down(config, channels.size(), known), List.of());
    }

    private static List<Integer> channels(Config config) {
        return config.integers("block_out_channels", List.of(224, 448, 672, 896));
    }

    private static UNet2DBlocks read(Config config, List<Integer> channels, List<BlockType> down, List<BlockType> up) {
        int n = channels.size();
        boolean ownGroups = config.isNull("norm_num_groups");
        if (ownGroups
                && !(down.stream().allMatch(BlockType::isSkip) && up.stream().allMatch(BlockType::isSkip))) {
            throw config.refused("norm_num_groups", "a number for other blocks than those with Skip in their names");
        }
        int groups = ownGroups ? 0 : config.integer("norm_num_groups", USUAL_GROUPS);
        boolean scaleShift = config.oneOf("resnet_time_scale_shift", "default", List.of("default", "scale_shift"))
                .equals("scale_shift");
        config.oneOf("mid_block_type", "UNetMidBlock2D", List.of("UNetMidBlock2D"));
        int own = ownGroups ? SkipLevel.groups(channels.get(n - 1)) : groups;
        int middleGroups = config.integer("attn_norm_num_groups", scaleShift ? 0 : own);
        var blocks = new UNet2DBlocks(
                channels,
                down,
                up,
                config.integer("layers_per_block", 2),
                groups,
                config.number("norm_eps", 1e-5),
                Activation.read(config, "act_fn"),
                scaleShift,
                config.isNull("attention_head_dim") ? 0 : config.integer("attention_head_dim", USUAL_HEAD),
                config.integer(HEADS, 0),
                config.whole("downsample_padding", 1),
                config.oneOf("downsample_type", "conv", RESIZING).equals("resnet"),
                config.oneOf("upsample_type", "conv", RESIZING).equals("resnet"),
                !config.isNull("mid_block_type"),
                config.number("mid_block_scale_factor", 1),
                config.bool("add_attention", true) ? OptionalInt.of(middleGroups) : OptionalInt.empty());
        if (blocks.heads > 0 && channels.stream().anyMatch(width -> width % blocks.heads != 0)) {
            throw config.refused(HEADS, "a divisor of all block_out_channels");
        }
        return blocks;
    }

    /** diffusers gives the picture to skip blocks alone, so others among them would meet it in another size; it has three channels. */
    private static void requireSkips(Config config, List<BlockType> down, List<BlockType> up) {
        int n = down.size();
        for (int i = 0; i < n - 1; i++) {
            boolean fits = down.subList(0, i).stream().allMatch(BlockType::isSkip);
            if (down.get(i).isSkip() && !(fits && config.integer("in_channels", 3) == 3)) {
                throw config.refused("down_block_types", "skip blocks before all others, with 3 in_channels");
            }
            fits = up.subList(i + 1, n).stream().allMatch(BlockType::isSkip);
            if (up.get(i).isSkip() && !(fits && config.integer("out_channels", 3) == 3)) {
                throw config.refused("up_block_types", "skip blocks after all others, with 3 out_channels");
            }
        }
    }

    private int headWidth(int width) {
        return heads == 0 ? headWidth : width / heads;
    }

    int groupsOf(int width) {
        return groups == 0 ? SkipLevel.groups(width) : groups;
    }

    List<UNetBlock> down(SkipLevel.Picture picture) {
        var levels = new ArrayList<UNetBlock>();
        for (int i = 0; i < channels.size(); i++) {
            boolean last = i == channels.size() - 1;
            levels.add(level(downTypes.get(i), channels.get(i), layers, halvesInResnet, last, picture));
        }
        return levels;
    }

    List<UNetBlock> up(SkipLevel.Picture picture) {
        var levels = new ArrayList<UNetBlock>();
        for (int i = 0; i < channels.size(); i++) {
            int r = channels.size() - 1 - i;
            levels.add(level(upTypes.get(i), channels.get(r), layers + 1, doublesInResnet, r == 0, picture));
        }
        return levels;
    }

    private UNetBlock level(
            BlockType type, int width, int count, boolean inResnet, boolean last, SkipLevel.Picture picture) {
        if (type.isSkip()) {
            var attention = type.attendsToItself()
                    ? Optional.of(new SelfAttention2D(headWidth(width), USUAL_GROUPS, eps, SKIP_SCALE))
                    : Optional.<SelfAttention2D>empty();
            return new SkipLevel(
                    width,
                    count,
                    eps,
                    (own, out) -> new ResnetBlock2D(own, out, eps, activation, scaleShift, false, SKIP_SCALE),
                    attention,
                    last,
                    picture);
        }
        boolean attends = type.attendsToItself();
        BlockAttention attention =
                attends ? new SelfAttention2D(headWidth(width), groups, eps, 1) : BlockAttention.NONE;
        return new ResnetLevel(
                width,
                resnet(groups, 1),
                Collections.nCopies(count, attention),
                type == BlockType.RESNET || attends && inResnet,
                downsamplePadding,
                last);
    }

    MidBlock2D middle() {
        int width = channels.get(channels.size() - 1);
        BlockAttention attention = middleGroups.isPresent()
                ? new SelfAttention2D(headWidth(width), middleGroups.getAsInt(), eps, middleScale)
                : BlockAttention.NONE;
        return new MidBlock2D(resnet(groupsOf(width), middleScale), List.of(attention));
    }

    private ResnetBlock2D resnet(int own, double scale) {
        return new ResnetBlock2D(own, eps, activation, scaleShift, false, scale);
    }
}
