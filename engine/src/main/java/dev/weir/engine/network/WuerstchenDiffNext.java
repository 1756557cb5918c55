package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.Denoiser;
import dev.weir.engine.HostTensor;
import dev.weir.engine.Join;
import dev.weir.engine.LatentShape;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.Tensors;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import dev.weir.engine.image.Interpolation;
import dev.weir.engine.network.CascadeBlocks.Between;
import dev.weir.engine.network.CascadeBlocks.Level;
import dev.weir.engine.network.CascadeLevel.Kind;
import dev.weir.engine.network.CascadeLevel.Seen;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The decoder of Wuerstchen (Pernias et al. 2023, arXiv 2306.00637): it sees a text's states and, in some levels, what the prior made, at
 * each level's size. It is told the time, from 1 to 0. It answers what to take away from the sample, and by what to divide the rest.
 *
 * @param channels of its samples
 * @param patch pixels of a sample that are one of the first level's, each way
 * @param context width of what its blocks see besides
 * @param states width of a text's states
 * @param made channels of what the prior made
 * @param seeing the levels that see it
 */
record WuerstchenDiffNext(
        int channels,
        int timeWidth,
        int patch,
        int context,
        int states,
        int made,
        List<Boolean> seeing,
        CascadeBlocks blocks)
        implements DenoisingNetwork {

    static final String NAME = "WuerstchenDiffNeXt";

    private static final String KINDS = "level_config";
    private static final String WIDTHS = "c_hidden";
    private static final String HEADS = "nhead";
    private static final String SEEING = "inject_effnet";
    private static final int NO_HEADS = -1;
    private static final double LEAST_DIVISOR = 1e-3;
    private static final int NOMINAL_SIDE = 256;

    static WuerstchenDiffNext read(JsonNode json) {
        var config = new Config(NAME, json);
        int channels = config.integer("c_in", 4);
        if (config.integer("c_out", 4) != channels) {
            throw config.refused("c_out", "c_in");
        }
        var blocks = blocks(config);
        var network = new WuerstchenDiffNext(
                channels,
                config.even("c_r", config.integer("c_r", 64)),
                config.integer("patch_size", 2),
                config.integer("c_cond", 1024),
                config.integer("clip_embd", 1024),
                config.integer("effnet_embd", 16),
                config.has(SEEING)
                        ? config.bools(SEEING, blocks.levels().size(), false)
                        : List.of(false, true, true, true),
                blocks);
        if (network.seeing.size() != blocks.levels().size()) {
            throw config.refused(SEEING, "true or false for each level");
        }
        config.ignore("dropout");
        config.refuseTheRest();
        return network;
    }

    private static CascadeBlocks blocks(Config config) {
        var widths = config.integers(WIDTHS, List.of(320, 640, 1280, 1280));
        int count = widths.size();
        if (count > Codec.MOST_LEVELS) {
            throw config.refused(WIDTHS, "at most %d levels".formatted(Codec.MOST_LEVELS));
        }
        var kinds = CascadeBlocks.kinds(config, KINDS, kinds(config), count, Kind::letter);
        var heads = heads(config);
        if (heads.size() != count) {
            throw config.refused(HEADS, "a number for each of %d levels".formatted(count));
        }
        var repeats = CascadeBlocks.counts(config, "blocks", count, List.of(4, 4, 14, 4));
        int kernel = CascadeLevel.kernel(config);
        List<Level> levels = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            CascadeLevel.requireHeads(config, HEADS, kinds.get(i), widths.get(i), heads.get(i));
            var level = new CascadeLevel(widths.get(i), heads.get(i), true, kinds.get(i), kernel, List.of());
            levels.add(new Level(level, repeats.get(i), repeats.get(i), 1, 1));
        }
        return new CascadeBlocks(List.copyOf(levels), Between.AMONG_BLOCKS);
    }

    /** A level is a word with a letter for each kind, or a list of them. */
    private static List<List<String>> kinds(Config config) {
        if (!config.has(KINDS)) {
            var attending = List.of("C", "T", "A");
            return List.of(List.of("C", "T"), attending, attending, attending);
        }
        List<List<String>> kinds = new ArrayList<>();
        for (JsonNode level : config.json(KINDS)) {
            List<String> letters = new ArrayList<>();
            level.forEach(letter -> letters.add(letter.asText()));
            kinds.add(level.isTextual() ? Arrays.asList(level.asText().split("")) : letters);
        }
        return kinds;
    }

    /** Levels without attention have {@value #NO_HEADS}. */
    private static List<Integer> heads(Config config) {
        if (!config.has(HEADS)) {
            return List.of(0, 10, 20, 20);
        }
        List<Integer> heads = new ArrayList<>();
        for (JsonNode level : config.json(HEADS)) {
            heads.add(level.asInt() == NO_HEADS ? 0 : config.element(HEADS, level));
        }
        return heads;
    }

    @Override
    public List<NetworkInput> inputs() {
        return List.of(
                text(),
                new NetworkInput(
                        StableCascadeUnet.MADE, List.of(made, NetworkInput.ANY, NetworkInput.ANY), Join.SOURCE));
    }

    private NetworkInput text() {
        return GraphInputs.sequence(Tensors.ENCODER_HIDDEN_STATES, states, Join.STACK);
    }

    @Override
    public int width() {
        return blocks.widest();
    }

    @Override
    public long places(long pixels) {
        return pixels / ((long) patch * patch);
    }

    @Override
    public Denoiser runBy(AdaptableNetwork network) {
        return NetworkDenoiser.ofTexts(network, channels, channels, inputs(), this::resized);
    }

    private IntStream seeingLevels() {
        return IntStream.range(0, seeing.size()).filter(seeing::get);
    }

    /** What the prior made, at the size of each level that sees it. */
    private List<Feed> resized(LatentShape sample, List<Denoiser.Row> rows) {
        var given = rows.stream()
                .map(row -> row.inputs().get(StableCascadeUnet.MADE))
                .toList();
        return seeingLevels()
                .mapToObj(level -> resized(given, sample.height() / patch >> level, sample.width() / patch >> level))
                .toList();
    }

    private Feed resized(List<HostTensor> rows, int height, int width) {
        return Feed.floats(
                        bytes -> {
                            FloatBuffer out = bytes.asFloatBuffer();
                            for (HostTensor row : rows) {
                                var shape = new LatentShape(made, row.side(1), row.side(2));
                                out.put(Interpolation.BICUBIC_ANTIALIASED_ALIGNED.resize(
                                        shape, row.values(), height, width));
                            }
                        },
                        rows.size(),
                        made,
                        height,
                        width)
                .from(rows);
    }

    private static String nameAt(int level) {
        return "%s_%d".formatted(StableCascadeUnet.MADE, level);
    }

    @Override
    public void describe(Script script) {
        var names = Stream.concat(
                Stream.of(GraphInputs.names(inputs())), seeingLevels().mapToObj(WuerstchenDiffNext::nameAt));
        var g = script.method(NetworkDenoiser.FORWARD, names.toArray(String[]::new));
        int side = NOMINAL_SIDE / patch * patch;
        var sample = g.castImage(g.input(Input.Kind.IMAGE, "sample", channels, side * side)); // [B, C, h, w]
        var x = blocks.patches(g, sample, patch); // [B, T, D]
        var text = g.linear(g.cast(GraphInputs.of(g, text())), "clip_mapper", context);
        var time = CascadeLevel.embedded(g, TimeEmbedding.timestep(g), timeWidth);
        var seen = new Seen(List.of(time), CascadeLevel.norm(g, text));
        x = blocks.describe(g, x, seen, pass -> made(g, pass));
        var both = CascadeBlocks.pixels(g, x, 2 * channels, patch); // [B, 2 C, h, w]
        var share = g.sigmoid(g.narrow(both, channels, channels));
        g.returns(g.divide(
                WuerstchenPrior.without(g, sample, g.narrow(both, 0, channels)),
                g.shift(g.scale(share, 1 - 2 * LEAST_DIVISOR), LEAST_DIVISOR)));
    }

    /** @param pass a level's number on the way down, and then up */
    private Optional<Value> made(Graph g, int pass) {
        int level = Math.min(pass, 2 * seeing.size() - 1 - pass);
        if (!seeing.get(level)) {
            return Optional.empty();
        }
        int nominal = NOMINAL_SIDE / patch >> level;
        var image = g.castImage(g.input(Input.Kind.IMAGE, nameAt(level), made, nominal * nominal));
        return Optional.of(g.tokens(g.conv2d(image, "effnet_mappers." + pass, context, 1)));
    }
}
