package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The levels of a {@code UNet2DConditionModel}, from the lists of its configuration. Lists that are for the way down count in
 * reverse for the way up.
 *
 * @param middle empty where the deepest level follows on itself
 */
record UNetLevels(List<UNetLevel> down, Optional<UNetLevel> middle, List<UNetLevel> up) {

    /** Bounds what a broken configuration makes Weir describe before its weights are found missing. */
    private static final int MOST_LAYERS = 1_000;

    private static final String DEPTHS = "transformer_layers_per_block";
    private static final String UP_DEPTHS = "reverse_transformer_layers_per_block";

    static UNetLevels read(Config config) {
        var channels = config.integers("block_out_channels");
        int n = channels.size();
        var downTypes = BlockType.down(config, n, BlockType.CONDITIONAL);
        var upTypes = BlockType.up(config, n, BlockType.CONDITIONAL);
        if (downTypes.get(0).isK() != upTypes.get(0).isK()) {
            throw config.refused("up_block_types", "K blocks where down_block_types has them, and no others");
        }
        var layers = config.integers("layers_per_block", n, 2);
        if (layers.stream().anyMatch(count -> count < 1 || count > MOST_LAYERS)) {
            throw config.refused("layers_per_block", "1 to %d layers of each block".formatted(MOST_LAYERS));
        }
        var heads = config.integers("attention_head_dim", n, 8);
        var onlyCross = config.bools("only_cross_attention", n, false);
        var depths = depths(config, DEPTHS, layers);
        var upDepths = upDepths(config, layers, depths);
        var down = new ArrayList<UNetLevel>();
        var up = new ArrayList<UNetLevel>();
        for (int i = 0; i < n; i++) {
            int r = n - 1 - i;
            int deeper = channels.get(Math.min(i + 1, n - 1));
            int higher = channels.get(Math.max(r - 1, 0));
            down.add(new UNetLevel(
                    downTypes.get(i),
                    channels.get(i),
                    deeper,
                    heads.get(i),
                    heads.get(i),
                    depths.get(i),
                    onlyCross.get(i),
                    r == 0));
            // diffusers counts widths of heads from the first level in both directions.
            up.add(new UNetLevel(
                    upTypes.get(i),
                    channels.get(r),
                    higher,
                    heads.get(r),
                    heads.get(i),
                    upDepths.get(i),
                    onlyCross.get(r),
                    r == 0));
        }
        return new UNetLevels(down, middle(config, down.get(n - 1)), up);
    }

    private static Optional<UNetLevel> middle(Config config, UNetLevel deepest) {
        boolean forAll = !config.json("only_cross_attention").isArray() && deepest.onlyCross();
        boolean onlyCross = config.bool("mid_block_only_cross_attention", forAll);
        if (config.isNull("mid_block_type")) {
            return Optional.empty();
        }
        return Optional.of(
                switch (config.text("mid_block_type", "UNetMidBlock2DCrossAttn")) {
                    case "UNetMidBlock2DCrossAttn" -> middle(BlockType.CROSS_ATTENTION, deepest, false);
                    case "UNetMidBlock2DSimpleCrossAttn" ->
                        middle(BlockType.SIMPLE_CROSS_ATTENTION, deepest, onlyCross);
                    case "UNetMidBlock2D" -> middle(BlockType.PLAIN, deepest, false);
                    default ->
                        throw config.refused(
                                "mid_block_type",
                                "UNetMidBlock2DCrossAttn, UNetMidBlock2DSimpleCrossAttn, UNetMidBlock2D or null");
                });
    }

    private static UNetLevel middle(BlockType type, UNetLevel deepest, boolean onlyCross) {
        int channels = deepest.channels();
        return new UNetLevel(
                type, channels, channels, deepest.heads(), deepest.headWidth(), deepest.depths(), onlyCross, true);
    }

    List<UNetLevel> all() {
        return Stream.of(down, middle.stream().toList(), up)
                .flatMap(List::stream)
                .toList();
    }

    boolean readPrompt() {
        return all().stream().anyMatch(level -> level.type().readsPrompt());
    }

    /** The width that all levels that attend see a prompt at. */
    int promptWidth(Config config) {
        int n = down.size();
        var widths = config.integers("cross_attention_dim", n, 1280);
        var seen = new HashSet<Integer>();
        for (int i = 0; i < n; i++) {
            boolean inTheMiddle =
                    i == n - 1 && middle.isPresent() && middle.get().type().readsPrompt();
            if (inTheMiddle
                    || down.get(i).type().readsPrompt()
                    || up.get(n - 1 - i).type().readsPrompt()) {
                seen.add(widths.get(i));
            }
        }
        if (seen.size() > 1) {
            throw config.refused("cross_attention_dim", "one width for all levels");
        }
        return seen.isEmpty() ? widths.get(n - 1) : seen.iterator().next();
    }

    /** For each level the depths of its layers, written as one number for all, one for each level, or a list for each level. */
    private static List<List<Integer>> depths(Config config, String key, List<Integer> layers) {
        var json = config.json(key);
        if (!json.isArray()) {
            int depth = config.whole(key, 1);
            return layers.stream()
                    .map(count -> Collections.nCopies(count, depth))
                    .toList();
        }
        if (json.size() != layers.size()) {
            throw config.refused(key, layers.size() + " numbers or lists");
        }
        var depths = new ArrayList<List<Integer>>();
        for (int i = 0; i < layers.size(); i++) {
            depths.add(depths(config, key, json.get(i), layers.get(i)));
        }
        return depths;
    }

    private static List<Integer> depths(Config config, String key, JsonNode level, int layers) {
        if (!level.isArray()) {
            return Collections.nCopies(layers, config.element(key, level));
        }
        if (level.size() < layers) {
            throw config.refused(key, "as many numbers as a level has layers");
        }
        var depths = new ArrayList<Integer>();
        level.forEach(depth -> depths.add(config.element(key, depth)));
        return depths.subList(0, layers);
    }

    private static List<List<Integer>> upDepths(Config config, List<Integer> layers, List<List<Integer>> down) {
        int n = layers.size();
        var more = new ArrayList<Integer>();
        var same = new ArrayList<List<Integer>>();
        boolean nested = false;
        for (int i = 0; i < n; i++) {
            int count = layers.get(n - 1 - i) + 1;
            more.add(count);
            same.add(Collections.nCopies(count, down.get(n - 1 - i).get(0)));
            nested |= config.json(DEPTHS).path(i).isArray();
        }
        if (nested && !config.has(UP_DEPTHS)) {
            throw config.refused(UP_DEPTHS, "a list for each level, as " + DEPTHS + " has");
        }
        return config.has(UP_DEPTHS) ? depths(config, UP_DEPTHS, more) : same;
    }
}
