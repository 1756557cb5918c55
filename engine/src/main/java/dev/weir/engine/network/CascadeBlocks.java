package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Graph.Mask;
import dev.weir.engine.graph.Value;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * The levels of Stable Cascade's network, on the way down and up again. Their images are kept as tokens.
 *
 * @param levels the largest images first
 * @param times what the network is told besides the time
 * @param halves whether each level is half as large as the one before
 */
record CascadeBlocks(List<Level> levels, int kernel, List<String> times, boolean halves) {

    /** The blocks of a level, some of which come several times, with a layer in between. */
    record Level(
            int width, int heads, boolean seesItself, List<Kind> kinds, int down, int up, int downRuns, int upRuns) {}

    enum Kind {
        RESNET("SDCascadeResBlock"),
        TIME("SDCascadeTimestepBlock"),
        ATTENTION("SDCascadeAttnBlock");

        private final String className;

        Kind(String className) {
            this.className = className;
        }
    }

    /** @param image any of its height and width */
    record Stream(Value tokens, Value image) {

        Value image(Graph g, Value other) {
            return g.image(other, image);
        }

        private Stream with(Value other) {
            return new Stream(other, image);
        }
    }

    /** What blocks see besides: embeddings of times, and the tokens that all attentions see. */
    record Seen(List<Value> times, Value context) {}

    /** A level on the way down or up. */
    private record Pass(String way, int index, Level level, int layers, int runs) {

        static Pass down(int index, Level level) {
            return new Pass("down", index, level, level.down(), level.downRuns());
        }

        static Pass up(int index, Level level) {
            return new Pass("up", index, level, level.up(), level.upRuns());
        }
    }

    private static final String WIDTHS = "block_out_channels";
    private static final String KINDS = "block_types_per_layer";
    private static final String SWITCHES = "switch_level";

    static CascadeBlocks read(Config config) {
        var widths = config.integers(WIDTHS, List.of(2048, 2048));
        int count = widths.size();
        if (count > Codec.MOST_LEVELS) {
            throw config.refused(WIDTHS, "at most %d levels".formatted(Codec.MOST_LEVELS));
        }
        var heads = config.integers("num_attention_heads", count, 32);
        var down = counts(config, "down_num_layers_per_block", count, List.of(8, 24));
        var up = reversed(counts(config, "up_num_layers_per_block", count, List.of(24, 8)));
        var downRuns = counts(config, "down_blocks_repeat_mappers", count, List.of(1, 1));
        var upRuns = reversed(counts(config, "up_blocks_repeat_mappers", count, List.of(1, 1)));
        var seeing = config.bools("self_attn", count, true);
        var kinds = kinds(config, count);
        List<Level> levels = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int width = widths.get(i);
            if (kinds.get(i).contains(Kind.ATTENTION) && (heads.get(i) == 0 || width % heads.get(i) != 0)) {
                throw config.refused("num_attention_heads", "heads that part the level's channels");
            }
            levels.add(new Level(
                    width,
                    heads.get(i),
                    seeing.get(i),
                    kinds.get(i),
                    down.get(i),
                    up.get(i),
                    downRuns.get(i),
                    upRuns.get(i)));
        }
        if (config.has(SWITCHES) && config.bools(SWITCHES, count - 1, false).contains(true)) {
            throw config.refused(SWITCHES, "null, or false for each level");
        }
        int kernel = config.integer("kernel_size", 3);
        if (kernel % 2 == 0) {
            throw config.refused("kernel_size", "an odd number");
        }
        return new CascadeBlocks(List.copyOf(levels), kernel, StableCascadeUnet.times(config), !config.has(SWITCHES));
    }

    private static List<Integer> counts(Config config, String key, int size, List<Integer> otherwise) {
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
        List<List<Kind>> all = new ArrayList<>();
        for (JsonNode level : config.json(KINDS)) {
            List<Kind> kinds = new ArrayList<>();
            for (JsonNode name : level) {
                kinds.add(kind(name.asText()).orElseThrow(() -> config.refused(KINDS, "SDCascade blocks")));
            }
            if (kinds.isEmpty() || kinds.get(0) != Kind.RESNET) {
                throw config.refused(KINDS, "levels that begin with SDCascadeResBlock");
            }
            all.add(List.copyOf(kinds));
        }
        if (all.size() != count) {
            throw config.refused(KINDS, "blocks for each of %d levels".formatted(count));
        }
        return all;
    }

    private static Optional<Kind> kind(String className) {
        return List.of(Kind.values()).stream()
                .filter(kind -> kind.className.equals(className))
                .findFirst();
    }

    int widest() {
        return levels.stream().mapToInt(Level::width).max().orElseThrow();
    }

    Stream describe(Graph g, Stream x, Seen seen) {
        List<Stream> passed = new ArrayList<>();
        for (int i = 0; i < levels.size(); i++) {
            if (i > 0) {
                x = smaller(g, x, i);
            }
            x = run(g, Pass.down(i, levels.get(i)), x, Optional.empty(), seen);
            passed.add(x);
        }
        for (int i = levels.size() - 1; i >= 0; i--) {
            int index = levels.size() - 1 - i;
            Optional<Value> beside =
                    index == 0 ? Optional.empty() : Optional.of(passed.get(i).tokens());
            x = run(g, Pass.up(index, levels.get(i)), x, beside, seen);
            if (i > 0) {
                x = larger(g, x, index, i - 1);
            }
        }
        return x;
    }

    private Stream smaller(Graph g, Stream x, int level) {
        var image = x.image(g, StableCascadeUnet.norm(g, x.tokens()));
        var name = "down_downscalers.%d.1".formatted(level);
        int width = levels.get(level).width();
        return stream(
                g, halves ? g.conv2d(image, name, width, 2, 2, 0) : g.conv2d(image, name + ".blocks.0", width, 1));
    }

    private Stream larger(Graph g, Stream x, int index, int level) {
        var image = x.image(g, StableCascadeUnet.norm(g, x.tokens()));
        var name = "up_upscalers.%d.1".formatted(index);
        int width = levels.get(level).width();
        return stream(
                g,
                halves
                        ? g.transposedConv2d(image, name, width, 2, 2, 0)
                        : g.conv2d(image, name + ".blocks.1", width, 1));
    }

    private static Stream stream(Graph g, Value image) {
        return new Stream(g.tokens(image), image);
    }

    /** @param beside what the first block sees besides */
    private Stream run(Graph g, Pass pass, Stream x, Optional<Value> beside, Seen seen) {
        var level = pass.level();
        for (int run = 0; run < pass.runs(); run++) {
            if (run > 0) {
                var name = "%s_repeat_mappers.%d.%d".formatted(pass.way(), pass.index(), run - 1);
                x = x.with(g.tokens(g.conv2d(x.image(g, x.tokens()), name, level.width(), 1)));
            }
            for (int i = 0; i < pass.layers() * level.kinds().size(); i++) {
                var block = g.at("%s_blocks.%d.%d".formatted(pass.way(), pass.index(), i));
                x = switch (level.kinds().get(i % level.kinds().size())) {
                    case RESNET -> residual(block, x, i == 0 ? beside : Optional.empty());
                    case TIME -> x.with(timed(block, x.tokens(), seen.times()));
                    case ATTENTION -> x.with(attention(block, level, x.tokens(), seen.context()));
                };
            }
        }
        return x;
    }

    private Stream residual(Graph g, Stream x, Optional<Value> beside) {
        int width = x.tokens().channels();
        var image = g.depthwiseConv2d(x.image(g, x.tokens()), "depthwise", kernel, false);
        var h = StableCascadeUnet.norm(g, g.tokens(image));
        if (beside.isPresent()) {
            h = g.concatChannels(h, beside.get());
        }
        h = g.gelu(g.linear(h, "channelwise.0", 4 * width));
        h = g.linear(g.responseNorm(h, "channelwise.2", StableCascadeUnet.EPS), "channelwise.4", width);
        return x.with(g.add(h, x.tokens()));
    }

    private Value timed(Graph g, Value x, List<Value> embeddings) {
        int width = x.channels();
        var sum = g.linear(embeddings.get(0), "mapper", 2 * width);
        for (int i = 0; i < times.size(); i++) {
            sum = g.add(sum, g.linear(embeddings.get(i + 1), "mapper_" + times.get(i), 2 * width));
        }
        var scale = g.unflat(g.narrow(sum, 0, width), 1); // [B, 1, D]
        var shift = g.unflat(g.narrow(sum, width, width), 1);
        return Modulation.modulated(g, x, shift, scale);
    }

    private static Value attention(Graph g, Level level, Value x, Value context) {
        int width = level.width();
        var seen = g.linear(g.silu(context), "kv_mapper.1", width);
        var normed = StableCascadeUnet.norm(g, x);
        if (level.seesItself()) {
            seen = g.concatTokens(normed, seen);
        }
        var a = g.at("attention");
        var attended = a.attention(
                a.linear(normed, "to_q", width),
                a.linear(seen, "to_k", width),
                a.linear(seen, "to_v", width),
                level.heads(),
                Mask.NONE);
        return g.add(x, a.linear(attended, "to_out.0", width));
    }
}
