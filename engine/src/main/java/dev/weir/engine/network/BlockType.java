package dev.weir.engine.network;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** The blocks that UNets are made of, by diffusers' names of their two directions. */
enum BlockType {
    PLAIN("DownBlock2D", "UpBlock2D"),
    CROSS_ATTENTION("CrossAttnDownBlock2D", "CrossAttnUpBlock2D"),
    RESNET("ResnetDownsampleBlock2D", "ResnetUpsampleBlock2D"),
    SIMPLE_CROSS_ATTENTION("SimpleCrossAttnDownBlock2D", "SimpleCrossAttnUpBlock2D"),
    SELF_ATTENTION("AttnDownBlock2D", "AttnUpBlock2D"),
    SKIP("SkipDownBlock2D", "SkipUpBlock2D"),
    ATTENTION_SKIP("AttnSkipDownBlock2D", "AttnSkipUpBlock2D"),
    K("KDownBlock2D", "KUpBlock2D"),
    K_CROSS_ATTENTION("KCrossAttnDownBlock2D", "KCrossAttnUpBlock2D");

    /** Those of a {@code UNet2DModel}. */
    static final Set<BlockType> UNCONDITIONAL = EnumSet.of(PLAIN, RESNET, SELF_ATTENTION, SKIP, ATTENTION_SKIP);

    /** Those of a {@code UNet2DConditionModel}. */
    static final Set<BlockType> CONDITIONAL = EnumSet.complementOf(EnumSet.of(SKIP, ATTENTION_SKIP));

    /** diffusers takes no notice of it. */
    private static final String OLD_PREFIX = "UNetRes";

    private final String down;
    private final String up;

    BlockType(String down, String up) {
        this.down = down;
        this.up = up;
    }

    static List<BlockType> down(Config config, int count, Set<BlockType> known) {
        return read(config, "down_block_types", count, known);
    }

    static List<BlockType> up(Config config, int count, Set<BlockType> known) {
        return read(config, "up_block_types", count, known);
    }

    private static List<BlockType> read(Config config, String key, int count, Set<BlockType> known) {
        boolean down = key.startsWith("down");
        var names = config.texts(key);
        var types = names.stream()
                .map(name -> name.startsWith(OLD_PREFIX) ? name.substring(OLD_PREFIX.length()) : name)
                .flatMap(name -> known.stream().filter(type -> (down ? type.down : type.up).equals(name)))
                .toList();
        boolean mixed = types.stream().map(BlockType::isK).distinct().count() > 1;
        if (names.size() != count || types.size() != count || mixed) {
            var all = known.stream().map(type -> down ? type.down : type.up).toList();
            throw config.refused(key, "%d of %s; K blocks and others do not mix".formatted(count, all));
        }
        return types;
    }

    /** Whether the picture itself passes the block on a way of its own. */
    boolean isSkip() {
        return this == SKIP || this == ATTENTION_SKIP;
    }

    boolean attendsToItself() {
        return this == SELF_ATTENTION || this == ATTENTION_SKIP;
    }

    /** Whether its blocks are those of the K-diffusion UNet. */
    boolean isK() {
        return this == K || this == K_CROSS_ATTENTION;
    }

    boolean readsPrompt() {
        return this == CROSS_ATTENTION || this == SIMPLE_CROSS_ATTENTION || this == K_CROSS_ATTENTION;
    }
}
