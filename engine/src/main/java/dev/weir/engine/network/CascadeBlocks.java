package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;
import dev.weir.engine.network.CascadeLevel.Beside;
import dev.weir.engine.network.CascadeLevel.Kind;
import dev.weir.engine.network.CascadeLevel.Place;
import dev.weir.engine.network.CascadeLevel.Seen;
import dev.weir.engine.network.CascadeLevel.Tokens;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The levels of the networks of Stable Cascade and of Wuerstchen's decoder, on the way down and up again.
 *
 * @param levels the largest images first
 */
record CascadeBlocks(List<Level> levels, Between between) {

    /** How often a level's blocks come on the way down and up, in runs with a layer in between. */
    record Level(CascadeLevel blocks, int down, int up, int downRuns, int upRuns) {

        int width() {
            return blocks.width();
        }
    }

    /** The layers between two levels. */
    enum Between {
        /** Each level is half as large as the one before. */
        HALVING(true, "down_downscalers.%d.1", "up_upscalers.%d.1"),
        /** All levels are as large. */
        SWITCHED(false, "down_downscalers.%d.1.blocks.0", "up_upscalers.%d.1.blocks.1"),
        /** As halving, numbered among the blocks of the level that they are the first of, and the last of on the way up. */
        AMONG_BLOCKS(true, "down_blocks.%d.0.1", "up_blocks.%d.%d.1");

        private final boolean halves;
        private final String smaller;
        private final String larger;

        Between(boolean halves, String smaller, String larger) {
            this.halves = halves;
            this.smaller = smaller;
            this.larger = larger;
        }
    }

    /** A level on the way down or up. */
    private record Pass(String way, int index, Level level, int layers, int runs, int first) {}

    private static final String WIDTHS = "block_out_channels";
    private static final String KINDS = "block_types_per_layer";
    private static final String SWITCHES = "switch_level";

    /** Of Stable Cascade. */
    static CascadeBlocks read(Config config) {
        var widths = config.integers(WIDTHS, List.of(2048, 2048));
        int count = widths.size();
        if (count > Codec.MOST_LEVELS) {
            throw config.refused(WIDTHS, "at most %d levels".formatted(Codec.MOST_LEVELS));
        }
        var heads = config.wholes("num_attention_heads", count, 32);
        var down = counts(config, "down_num_layers_per_block", count, List.of(8, 24));
        var up = reversed(counts(config, "up_num_layers_per_block", count, List.of(24, 8)));
        var downRuns = counts(config, "down_blocks_repeat_mappers", count, List.of(1, 1));
        var upRuns = reversed(counts(config, "up_blocks_repeat_mappers", count, List.of(1, 1)));
        var seeing = config.bools("self_attn", count, true);
        var kinds = kinds(config, count);
        int kernel = CascadeLevel.kernel(config);
        var times = StableCascadeUnet.times(config);
        List<Level> levels = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            CascadeLevel.requireHeads(config, "num_attention_heads", kinds.get(i), widths.get(i), heads.get(i));
            levels.add(new Level(
                    new CascadeLevel(widths.get(i), heads.get(i), seeing.get(i), kinds.get(i), kernel, times),
                    down.get(i),
                    up.get(i),
                    downRuns.get(i),
                    upRuns.get(i)));
        }
        if (config.has(SWITCHES) && config.bools(SWITCHES, count - 1, false).contains(true)) {
            throw config.refused(SWITCHES, "null, or false for each level");
        }
        return new CascadeBlocks(List.copyOf(levels), config.has(SWITCHES) ? Between.SWITCHED : Between.HALVING);
    }

    /** Numbers of all levels. */
    static List<Integer> counts(Config config, String key, int size, List<Integer> otherwise) {
        var counts = config.integers(key, otherwise);
        if (counts.size() != size || counts.contains(0)) {
            throw config.refused(key, "a number above 0 for each of %d levels".formatted(size));
        }
        return counts;
    }

    private static <T> List<T> reversed(List<T> list) {
        var reversed = new ArrayList<>(list);
        Collections.reverse(reversed);
        return reversed;
    }

    private static List<List<Kind>> kinds(Config config, int count) {
        if (!config.has(KINDS)) {
            return Collections.nCopies(count, List.of(Kind.values()));
        }
        List<List<String>> names = new ArrayList<>();
        for (JsonNode level : config.json(KINDS)) {
            List<String> own = new ArrayList<>();
            level.forEach(name -> own.add(name.asText()));
            names.add(own);
        }
        return kinds(config, KINDS, names, count, Kind::className);
    }

    /**
     * @param names of the kinds of all levels
     * @param named what a kind is called there
     */
    static List<List<Kind>> kinds(
            Config config, String key, List<List<String>> names, int count, Function<Kind, String> named) {
        Map<String, Kind> known = Stream.of(Kind.values()).collect(Collectors.toMap(named, Function.identity()));
        if (names.size() != count) {
            throw config.refused(key, "blocks for each of %d levels".formatted(count));
        }
        for (List<String> level : names) {
            if (!known.keySet().containsAll(level)) {
                throw config.refused(
                        key, "blocks of " + known.keySet().stream().sorted().toList());
            }
            if (level.isEmpty() || known.get(level.get(0)) != Kind.RESNET) {
                throw config.refused(key, "levels that begin with " + named.apply(Kind.RESNET));
            }
        }
        return names.stream()
                .map(level -> level.stream().map(known::get).toList())
                .toList();
    }

    /** Channels of the level with the most numbers, as if its images were as large as those of the first. */
    int widest() {
        return IntStream.range(0, levels.size())
                .map(level -> levels.get(level).width() >> (between.halves ? 2 * level : 0))
                .max()
                .orElseThrow();
    }

    /**
     * What the first level sees of a sample.
     *
     * @param sample {@code [B, C, h, w]}
     * @param patch pixels that are one of the first level's, each way
     */
    Tokens patches(Graph g, Value sample, int patch) {
        var pixels = patch == 1 ? sample : g.unshuffle(sample, patch);
        var image = g.conv2d(pixels, "embedding.1", levels.get(0).width(), 1); // [B, D, h / p, w / p]
        return new Tokens(CascadeLevel.norm(g, g.tokens(image)), image);
    }

    /** What the first level makes, as pixels of a sample, {@code [B, channels, h, w]}. */
    static Value pixels(Graph g, Tokens x, int channels, int patch) {
        var out = g.conv2d(x.normed(g), "clf.1", channels * patch * patch, 1);
        return patch == 1 ? out : g.shuffle(out, patch, false);
    }

    /** @param made what each level sees besides that another network made, by the levels' number on the way down and then up */
    Tokens describe(Graph g, Tokens x, Seen seen, IntFunction<Optional<Value>> made) {
        int count = levels.size();
        List<Value> passed = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            if (i > 0) {
                x = smaller(g, x, i);
            }
            x = run(g, down(i), x, new Beside(Optional.empty(), made.apply(i)), seen);
            passed.add(x.all());
        }
        for (int index = 0; index < count; index++) {
            int i = count - 1 - index;
            Optional<Value> beside = index == 0 ? Optional.empty() : Optional.of(passed.get(i));
            x = run(g, up(index, levels.get(i)), x, new Beside(beside, made.apply(count + index)), seen);
            if (i > 0) {
                x = larger(g, x, index, i);
            }
        }
        return x;
    }

    private Pass down(int index) {
        var level = levels.get(index);
        int first = between == Between.AMONG_BLOCKS && index > 0 ? 1 : 0;
        return new Pass("down", index, level, level.down(), level.downRuns(), first);
    }

    private static Pass up(int index, Level level) {
        return new Pass("up", index, level, level.up(), level.upRuns(), 0);
    }

    private Tokens smaller(Graph g, Tokens x, int level) {
        var name = between.smaller.formatted(level);
        int width = levels.get(level).width();
        return Tokens.of(
                g,
                between.halves ? g.conv2d(x.normed(g), name, width, 2, 2, 0) : g.conv2d(x.normed(g), name, width, 1));
    }

    /** From a level to the one before. */
    private Tokens larger(Graph g, Tokens x, int index, int level) {
        var below = levels.get(level);
        var name = between.larger.formatted(index, below.blocks().blocks(below.up()));
        int width = levels.get(level - 1).width();
        return Tokens.of(
                g,
                between.halves
                        ? g.transposedConv2d(x.normed(g), name, width, 2, 2, 0)
                        : g.conv2d(x.normed(g), name, width, 1));
    }

    private static Tokens run(Graph g, Pass pass, Tokens x, Beside beside, Seen seen) {
        var blocks = pass.level().blocks();
        var place = new Place("%s_blocks.%d".formatted(pass.way(), pass.index()), pass.first(), pass.layers());
        for (int run = 0; run < pass.runs(); run++) {
            if (run > 0) {
                var name = "%s_repeat_mappers.%d.%d".formatted(pass.way(), pass.index(), run - 1);
                x = x.with(g.tokens(g.conv2d(x.image(g), name, blocks.width(), 1)));
            }
            x = blocks.run(g, place, x, beside, seen);
        }
        return x;
    }
}
