package dev.weir.engine.graph;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * The operations of clouds of points: points {@code [batch, channels, points]}, their coordinates {@code [batch, 3, points]}, voxels {@code
 * [batch, channels, side, side, side]}. Confined to the thread that describes the network; computes nothing.
 */
public record PointGraph(Graph graph) {

    private static final int AXES = 3;
    private static final double EPS = 1e-5;

    public PointGraph at(String name) {
        return new PointGraph(graph.at(name));
    }

    public Value points(Value image) {
        return graph.like(image, Op.POINTS);
    }

    /**
     * A convolution that keeps the sizes.
     *
     * @param axes over how many
     * @param side of its kernel
     */
    public Value convolution(Value x, String name, int out, int axes, int side) {
        Integer[] shape = new Integer[2 + axes];
        Arrays.fill(shape, side);
        shape[0] = out;
        shape[1] = x.channels();
        var use = new Parameter.Plain();
        return graph.append(
                Op.CONVOLUTION,
                out,
                x.positions(),
                Map.of("axes", axes, "padding", side / 2),
                x,
                graph.weight(name, use, shape),
                graph.bias(name, use, out));
    }

    public Value norm(Value x, String name, int groups) {
        graph.requireDivides(x, groups, name);
        var use = new Parameter.Plain();
        return graph.like(
                x,
                Op.POINT_NORM,
                Map.of("groups", groups, "eps", EPS),
                x,
                graph.weight(name, use, x.channels()),
                graph.bias(name, use, x.channels()));
    }

    /** Where points lie in a grid. */
    public Value places(Value coordinates, int side) {
        return graph.like(coordinates, Op.VOXEL_PLACES, Map.of("side", side), coordinates);
    }

    /** The mean of the points in each voxel. */
    public Value voxels(Value points, Value places, int side) {
        int count = side * side * side;
        return graph.append(Op.VOXELS, points.channels(), count, Map.of("side", side), points, places);
    }

    /** What voxels are at places between them. */
    public Value devoxelized(Value voxels, Value places, int side) {
        int channels = voxels.channels();
        return graph.append(Op.DEVOXELIZE, channels, places.positions(), Map.of("side", side), voxels, places);
    }

    /** Each channel by a gate that depends on the means of all. */
    public Value squeezed(Value x, String inner, String outer, int width) {
        var use = new Parameter.Plain();
        return graph.like(
                x,
                Op.SQUEEZE_EXCITE,
                Map.of(),
                x,
                graph.weight(inner, use, width, x.channels()),
                graph.weight(outer, use, x.channels(), width));
    }

    /** Attention of one head over all places, whose scores are not scaled. */
    public Value attention(Value q, Value k, Value v) {
        Value seen = graph.attention(
                graph.tokens(q), graph.tokens(k), graph.tokens(v), 1, Graph.Mask.NONE, Optional.empty(), true);
        return graph.like(v, Op.TOKENS_TO, Map.of(), seen, v);
    }

    /** Some of the coordinates, far from each other. */
    public Value furthest(Value coordinates, int count) {
        return graph.append(Op.FURTHEST_POINTS, AXES, count, Map.of("count", count), coordinates);
    }

    /** The points around each center. */
    public Value around(Value centers, Value coordinates, Value points, double radius, int count) {
        return graph.append(
                Op.BALL_QUERY,
                AXES + points.channels(),
                centers.positions() * count,
                Map.of("radius", radius, "count", count),
                centers,
                coordinates,
                points);
    }

    /** The largest of the points around each center. */
    public Value largest(Value around, Value centers) {
        return graph.append(Op.MAX_LAST, around.channels(), centers.positions(), Map.of(), around);
    }

    /** What the centers' points are at other coordinates. */
    public Value interpolated(Value coordinates, Value centers, Value points) {
        return graph.append(
                Op.NEAREST_MEAN, points.channels(), coordinates.positions(), Map.of(), coordinates, centers, points);
    }

    /** Points, and at each of them the channels of a row. */
    public Value with(Value points, Value row) {
        Value spread = graph.append(Op.SPREAD, row.channels(), points.positions(), Map.of(), row, points);
        return graph.concat(points, spread);
    }
}
