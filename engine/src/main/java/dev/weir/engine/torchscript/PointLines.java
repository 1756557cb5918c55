package dev.weir.engine.torchscript;

import dev.weir.engine.graph.Operand;
import dev.weir.engine.graph.Operation;
import java.util.Collections;
import java.util.Locale;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * The lines of operations on clouds of points. Distances are computed as the published kernels compute them, from differences, since the
 * choice of a point depends on them. Confined to one thread.
 *
 * @param expressions of what operations read
 * @param variables takes the variable of an operation's result
 */
record PointLines(
        Body body, Numerics numerics, Function<Operand, String> expressions, BiConsumer<Operation, String> variables) {

    private static final int CORNERS = 8;
    private static final int AXES = 3;
    private static final int NEAREST = 3;

    void emit(Operation o) {
        switch (o.op()) {
            case POINTS -> bind(o, "torch.contiguous(torch.flatten(%s, 2))".formatted(in(o, 0)));
            case CONVOLUTION -> convolution(o);
            case POINT_NORM ->
                bind(
                        o,
                        "torch.group_norm(%s, %d, %s, %s, %s)"
                                .formatted(in(o, 0), o.integer("groups"), in(o, 1), in(o, 2), o.number("eps")));
            case VOXEL_PLACES -> places(o);
            case VOXELS -> voxels(o);
            case DEVOXELIZE -> devoxelize(o);
            case SQUEEZE_EXCITE -> squeeze(o);
            case TOKENS_TO ->
                bind(o, "torch.reshape(torch.transpose(%s, 1, 2), torch.size(%s))".formatted(in(o, 0), in(o, 1)));
            case FURTHEST_POINTS -> furthest(o);
            case BALL_QUERY -> around(o);
            case MAX_LAST -> bind(o, "torch.amax(%s, [-1])".formatted(in(o, 0)));
            case NEAREST_MEAN -> interpolate(o);
            case SPREAD ->
                bind(
                        o,
                        "torch.expand(torch.unsqueeze(%s, 2), [-1, -1, torch.size(%s, 2)])"
                                .formatted(in(o, 0), in(o, 1)));
            default -> throw new IllegalArgumentException(o.op() + " is no operation on points");
        }
    }

    private String in(Operation o, int index) {
        return expressions.apply(o.input(index));
    }

    private void bind(Operation o, String expression) {
        variables.accept(o, body.assign(expression));
    }

    private String let(String format, Object... arguments) {
        return body.assign(String.format(Locale.ROOT, format, arguments));
    }

    private void convolution(Operation o) {
        int axes = o.integer("axes");
        var ones = Collections.nCopies(axes, 1);
        bind(
                o,
                "torch.convolution(%s, %s, %s, %s, %s, %4$s, False, %6$s, 1)"
                        .formatted(
                                in(o, 0),
                                in(o, 1),
                                in(o, 2),
                                ones,
                                Collections.nCopies(axes, o.integer("padding")),
                                Collections.nCopies(axes, 0)));
    }

    private void places(Operation o) {
        var centred = let("torch.sub(%1$s, torch.mean(%1$s, [2], True))", in(o, 0));
        var longest = let("torch.amax(torch.norm(%s, 2, [1], True), [2], True)", centred);
        var unit = let("torch.add(torch.div(%s, torch.mul(%s, 2.)), 0.5)", centred, longest);
        int side = o.integer("side");
        bind(o, "torch.clamp(torch.mul(%s, %d), 0, %d)".formatted(unit, side, side - 1));
    }

    /** The number of the voxel at whole places of the three axes. */
    private String number(String x, String y, String z, int side) {
        return let("torch.add(torch.mul(torch.add(torch.mul(%s, %4$d), %s), %4$d), %3$s)", x, y, z, side);
    }

    private String axis(String coordinates, int axis) {
        return "torch.select(%s, 1, %d)".formatted(coordinates, axis);
    }

    private void voxels(Operation o) {
        var points = in(o, 0);
        int side = o.integer("side");
        var whole = let("torch.to(torch.round(%s), 4)", in(o, 1));
        var numbers = let("torch.unsqueeze(%s, 1)", number(axis(whole, 0), axis(whole, 1), axis(whole, 2), side));
        var options =
                "dtype=%d, layout=0, device=%s, pin_memory=False".formatted(Numerics.FP32, numerics.deviceExpression());
        int count = side * side * side;
        var sums = let(
                "torch.scatter_add(torch.zeros([torch.size(%1$s, 0), torch.size(%1$s, 1), %2$d], %3$s), 2, torch.expand_as(%4$s, %1$s), %1$s)",
                points, count, options, numbers);
        var counts = let(
                "torch.scatter_add(torch.zeros([torch.size(%1$s, 0), 1, %2$d], %3$s), 2, %4$s, torch.ones(torch.size(%4$s), %3$s))",
                points, count, options, numbers);
        bind(
                o,
                "torch.unflatten(torch.div(%s, torch.clamp_min(%s, 1.)), 2, [%3$d, %3$d, %3$d])"
                        .formatted(sums, counts, side));
    }

    private void devoxelize(Operation o) {
        int side = o.integer("side");
        var voxels = let("torch.flatten(%s, 2)", in(o, 0));
        var low = let("torch.floor(%s)", in(o, 1));
        var part = let("torch.sub(%s, %s)", in(o, 1), low);
        var high = let("torch.to(torch.ceil(%s), 4)", in(o, 1));
        var rest = let("torch.rsub(%s, 1)", part);
        var floor = let("torch.to(%s, 4)", low);
        String sum = "";
        for (int corner = 0; corner < CORNERS; corner++) {
            String[] share = new String[AXES];
            String[] place = new String[AXES];
            for (int axis = 0; axis < AXES; axis++) {
                boolean isHigh = (corner >> (AXES - 1 - axis) & 1) == 1;
                share[axis] = axis(isHigh ? part : rest, axis);
                place[axis] = axis(isHigh ? high : floor, axis);
            }
            var weight = let("torch.unsqueeze(torch.mul(torch.mul(%s, %s), %s), 1)", (Object[]) share);
            var at = gathered(voxels, number(place[0], place[1], place[2], side));
            var weighted = let("torch.mul(%s, %s)", weight, at);
            sum = corner == 0 ? weighted : let("torch.add(%s, %s)", sum, weighted);
        }
        variables.accept(o, sum);
    }

    /** Columns of {@code [batch, channels, columns]} by numbers {@code [batch, wanted]}. */
    private String gathered(String x, String numbers) {
        return let(
                "torch.gather(%1$s, 2, torch.expand(torch.unsqueeze(%2$s, 1), [-1, torch.size(%1$s, 1), -1]))",
                x, numbers);
    }

    private void squeeze(Operation o) {
        var x = in(o, 0);
        var means = let("torch.mean(torch.flatten(%s, 2), [2])", x);
        var inner = let("torch.relu(torch.linear(%s, %s, None))", means, in(o, 1));
        var gates = let("torch.sigmoid(torch.linear(%s, %s, None))", inner, in(o, 2));
        bind(
                o,
                "torch.reshape(torch.mul(torch.flatten(%1$s, 2), torch.unsqueeze(%2$s, 2)), torch.size(%1$s))"
                        .formatted(x, gates));
    }

    /** The sum of the squares of the three axes of differences. */
    private String squared(String differences) {
        var squares = let("torch.mul(%1$s, %1$s)", differences);
        return let("torch.add(torch.add(%s, %s), %s)", axis(squares, 0), axis(squares, 1), axis(squares, 2));
    }

    /** A loop, since each point depends on all before it. */
    private void furthest(Operation o) {
        var points = in(o, 0);
        var last = let("torch.slice(%s, 2, 0, 1)", points);
        var chosen = let("annotate(List[Tensor], [%s])", last);
        var least = let("torch.add(torch.zeros_like(%s), 1e+10)", axis(points, 0));
        body.line("for %s in range(%d):".formatted(body.fresh(), o.integer("count") - 1));
        var square = body.fresh();
        inLoop("%s = torch.sub(%s, %s)", square, points, last);
        inLoop("%1$s = torch.mul(%1$s, %1$s)", square);
        inLoop(
                "%1$s = torch.minimum(%1$s, torch.add(torch.add(%2$s, %3$s), %4$s))",
                least, axis(square, 0), axis(square, 1), axis(square, 2));
        var place = body.fresh();
        inLoop("%s = torch.unsqueeze(torch.argmax(%s, 1, True), 1)", place, least);
        inLoop("%s = torch.gather(%s, 2, torch.expand(%s, [-1, 3, -1]))", last, points, place);
        inLoop("%s = torch.append(%s, %s)", body.fresh(), chosen, last);
        bind(o, "torch.cat(%s, 2)".formatted(chosen));
    }

    private void inLoop(String format, Object... arguments) {
        body.line("  " + String.format(Locale.ROOT, format, arguments));
    }

    private String differences(String a, String b) {
        return let("torch.sub(torch.unsqueeze(%s, 3), torch.unsqueeze(%s, 2))", a, b);
    }

    /** The numbers of the points within the radius come first when those of the others are the count of all. */
    private void around(Operation o) {
        var centers = in(o, 0);
        var points = in(o, 1);
        float radius = (float) o.number("radius");
        int count = o.integer("count");
        var all = let("torch.size(%s, 2)", points);
        // Of 32 bits, which are sorted in a third of the time.
        var numbers = let(
                "torch.arange(%s, dtype=3, layout=0, device=%s, pin_memory=False)", all, numerics.deviceExpression());
        var inside = let("torch.lt(%s, %s)", squared(differences(centers, points)), (double) (radius * radius));
        var ordered = let("torch.where(%s, %s, %s)", inside, numbers, all);
        var least = body.fresh();
        body.line("%s, %s, = torch.topk(%s, %d, -1, False, True)".formatted(least, body.fresh(), ordered, count));
        var found = let("torch.to(%s, 4)", least);
        var first = let("torch.expand_as(torch.slice(%1$s, 2, 0, 1), %1$s)", found);
        var filled = let("torch.flatten(torch.where(torch.lt(%1$s, %2$s), %1$s, %3$s), 1)", found, all, first);
        var grouped = let("torch.unflatten(%s, 2, [-1, %d])", gathered(points, filled), count);
        var from = let("torch.sub(%s, torch.unsqueeze(%s, 3))", grouped, centers);
        var features = let("torch.unflatten(%s, 2, [-1, %d])", gathered(in(o, 2), filled), count);
        bind(o, "torch.cat([%s, %s], 1)".formatted(from, features));
    }

    private void interpolate(Operation o) {
        var distances = body.fresh();
        var near = body.fresh();
        body.line("%s, %s, = torch.topk(%s, %d, -1, False, True)"
                .formatted(distances, near, squared(differences(in(o, 0), in(o, 1))), NEAREST));
        var d = let("torch.clamp(%s, 1e-10, 1e+10)", distances);
        var shares = let(
                "torch.stack([torch.mul(%2$s, %3$s), torch.mul(%1$s, %3$s), torch.mul(%1$s, %2$s)], 2)",
                last(d, 0), last(d, 1), last(d, 2));
        var normed = let("torch.mul(%1$s, torch.reciprocal(torch.sum(%1$s, [2], True)))", shares);
        var at =
                let("torch.unflatten(%s, 2, [-1, %d])", gathered(in(o, 2), let("torch.flatten(%s, 1)", near)), NEAREST);
        bind(o, "torch.sum(torch.mul(%s, torch.unsqueeze(%s, 1)), [3])".formatted(at, normed));
    }

    private static String last(String x, int index) {
        return "torch.select(%s, 2, %d)".formatted(x, index);
    }
}
