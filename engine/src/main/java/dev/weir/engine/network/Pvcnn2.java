package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Denoiser;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.PointGraph;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import java.util.ArrayList;
import java.util.List;

/**
 * The denoiser of point-voxel diffusion (Zhou et al. 2021, arXiv 2104.03670; Liu et al. 2019, arXiv 1907.03739): fewer and fewer points on
 * the way down, each with what is around it, attention over the last of them, and all points again on the way up. Between, voxels are
 * convolved beside the points. The published code also carries the timestep's embedding from point to point, where it stays the same.
 *
 * @param points of a sample
 * @param embedding width of the timestep's
 * @param head width of the layer before the last
 */
record Pvcnn2(int points, int embedding, int head, List<Down> down, List<Up> up) implements DenoisingNetwork {

    static final String NAME = "PVCNN2";

    private static final int AXES = 3;
    private static final int GROUPS = 8;
    private static final int KERNEL = 3;
    private static final double SLOPE = 0.1;

    /**
     * A level on the way down.
     *
     * @param width of its convolutions of voxels
     * @param convolutions how many of them there are; 0 in the last level
     * @param side of their voxels
     * @param centers the points that are left
     * @param most points around each
     * @param widths of the layers that see them
     */
    record Down(int width, int convolutions, int side, int centers, double radius, int most, List<Integer> widths) {}

    /** A level on the way up: the layers after the interpolation, and its convolutions. */
    record Up(List<Integer> widths, int width, int convolutions, int side) {}

    static Pvcnn2 read(JsonNode json) {
        var config = new Config(NAME, json);
        int points = config.integer("num_points");
        var down = new ArrayList<Down>();
        for (var level : config.parts("down_blocks")) {
            down.add(down(
                    level, down.isEmpty() ? points : down.get(down.size() - 1).centers()));
            level.refuseTheRest();
        }
        var up = new ArrayList<Up>();
        for (var level : config.parts("up_blocks")) {
            up.add(new Up(
                    level.integers("set_channels"),
                    level.integer("channels"),
                    level.whole("layers", 0),
                    level.integer("resolution")));
            level.refuseTheRest();
        }
        if (down.isEmpty()) {
            throw config.refused("down_blocks", "one level or more");
        }
        if (down.size() != up.size()) {
            throw config.refused("up_blocks", "as many levels as down_blocks has, %d".formatted(down.size()));
        }
        config.numbers("mean", AXES);
        if (config.number("std", 1) <= 0) {
            throw config.refused("std", "a number above 0");
        }
        var network = new Pvcnn2(
                points,
                config.even("time_embed_dim", config.integer("time_embed_dim")),
                config.integer("head_channels"),
                List.copyOf(down),
                List.copyOf(up));
        config.refuseTheRest();
        return network;
    }

    /** @param points of the level before it: no level has more, and none seeks more around a point */
    private static Down down(Config level, int points) {
        int convolutions = level.integer("layers", 0);
        boolean convolves = convolutions > 0;
        var down = new Down(
                convolves ? level.integer("channels") : level.integer("channels", 0),
                convolutions,
                convolves ? level.integer("resolution") : level.integer("resolution", 0),
                level.integer("num_centers"),
                level.number("radius", 0),
                level.integer("num_neighbors"),
                level.integers("set_channels"));
        if (down.centers() < AXES || down.centers() > points) {
            throw level.refused(
                    "num_centers", "%d to num_points or the num_centers before, %d".formatted(AXES, points));
        }
        if (down.most() > points) {
            throw level.refused("num_neighbors", "1 to num_points or the num_centers before, %d".formatted(points));
        }
        if (down.radius() <= 0) {
            throw level.refused("radius", "a number above 0");
        }
        return down;
    }

    @Override
    public int width() {
        return down.get(0).width();
    }

    @Override
    public List<NetworkInput> inputs() {
        return List.of();
    }

    /** The largest grid has more voxels than the sample has points. */
    @Override
    public long places(long pixels) {
        long most = pixels;
        for (var level : down) {
            most = Math.max(most, (long) level.side() * level.side() * level.side());
        }
        return most;
    }

    /** In fp16 and bf16 a coordinate would not tell points apart. */
    @Override
    public ComputeTarget target(ComputeTarget wanted) {
        return new ComputeTarget(wanted.device(), Precision.FP32, wanted.engine());
    }

    @Override
    public Denoiser runBy(AdaptableNetwork network) {
        return new NetworkDenoiser(network, AXES, AXES, inputs(), 0);
    }

    @Override
    public void describe(Script script) {
        var graph = script.method(NetworkDenoiser.FORWARD, GraphInputs.names(inputs()));
        var g = new PointGraph(graph);
        var sample = g.points(graph.input(Input.Kind.IMAGE, "sample", AXES, points)); // [B, 3, N]
        var time = time(graph); // [B, E]
        var coordinates = new ArrayList<>(List.of(sample));
        var skips = new ArrayList<Value>();
        var x = sample;
        for (int i = 0; i < down.size(); i++) {
            var level = down.get(i);
            skips.add(x);
            x = down(g.at("sa_layers." + i), level, i, i == 0 ? x : g.with(x, time), coordinates);
        }
        x = attention(g.at("global_att"), x, 1);
        for (int i = 0; i < up.size(); i++) {
            int finer = down.size() - 1 - i;
            x = g.interpolated(coordinates.get(finer), coordinates.get(finer + 1), x);
            x = g.with(x, time);
            x = finer == 0 ? x : graph.concat(x, skips.get(finer));
            x = up(g.at("fp_layers." + i), up.get(i), x, coordinates.get(finer));
        }
        x = mlp(g.at("classifier.0"), x, List.of(head), 1);
        graph.returns(g.convolution(x, "classifier.2", AXES, 1, 1)); // [B, 3, N]
    }

    private Value time(Graph graph) {
        var block = graph.at("embedf");
        var x = graph.timestepEmbedding(TimeEmbedding.timestep(graph), embedding, false, 1);
        x = graph.leakyRelu(block.exactLinear(x, "0", embedding), SLOPE);
        return block.exactLinear(x, "2", embedding);
    }

    /** Adds the coordinates of the points that are left. */
    private static Value down(PointGraph g, Down level, int index, Value x, List<Value> coordinates) {
        var at = coordinates.get(coordinates.size() - 1);
        for (int i = 0; i < level.convolutions(); i++) {
            boolean attends = index % 2 == 1 && i == 0;
            x = pointVoxel(g.at(String.valueOf(i)), x, at, level.width(), level.side(), attends);
        }
        var set = level.convolutions() == 0 ? g : g.at(String.valueOf(level.convolutions()));
        var centers = g.furthest(at, level.centers());
        coordinates.add(centers);
        var around = g.around(centers, at, x, level.radius(), level.most());
        return g.largest(mlp(set.at("mlps.0"), around, level.widths(), 2), centers);
    }

    private static Value up(PointGraph g, Up level, Value x, Value coordinates) {
        x = mlp(g.at("0.mlp"), x, level.widths(), 1);
        for (int i = 1; i <= level.convolutions(); i++) {
            x = pointVoxel(g.at(String.valueOf(i)), x, coordinates, level.width(), level.side(), false);
        }
        return x;
    }

    /** Layers that see each place alone, of points or of what is around them. */
    private static Value mlp(PointGraph g, Value x, List<Integer> widths, int axes) {
        var layers = g.at("layers");
        for (int i = 0; i < widths.size(); i++) {
            x = layers.convolution(x, String.valueOf(3 * i), widths.get(i), axes, 1);
            x = g.graph().silu(layers.norm(x, String.valueOf(3 * i + 1), GROUPS));
        }
        return x;
    }

    private static Value pointVoxel(PointGraph g, Value x, Value coordinates, int width, int side, boolean attends) {
        var layers = g.at("voxel_layers");
        var places = g.places(coordinates, side);
        var grid = layers.convolution(g.voxels(x, places, side), "0", width, AXES, KERNEL);
        grid = g.graph().silu(layers.norm(grid, "1", GROUPS));
        grid = layers.norm(layers.convolution(grid, "4", width, AXES, KERNEL), "5", GROUPS);
        grid = attends ? attention(layers.at("6"), grid, AXES) : g.graph().silu(grid);
        grid = layers.at("7").squeezed(grid, "fc.0", "fc.2", Math.max(1, width / GROUPS));
        return g.graph().add(g.devoxelized(grid, places, side), mlp(g.at("point_features"), x, List.of(width), 1));
    }

    private static Value attention(PointGraph g, Value x, int axes) {
        int width = x.channels();
        var seen = g.attention(
                g.convolution(x, "q", width, axes, 1),
                g.convolution(x, "k", width, axes, 1),
                g.convolution(x, "v", width, axes, 1));
        var sum = g.graph().add(g.convolution(seen, "out", width, axes, 1), x);
        return g.graph().silu(g.norm(sum, "norm", GROUPS));
    }
}
