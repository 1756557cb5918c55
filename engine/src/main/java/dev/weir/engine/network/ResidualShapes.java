package dev.weir.engine.network;

import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelException;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Images of a UNet to which other networks add. A ControlNet adds to all that pass the levels by, in the order of the way down, and to the
 * middle's. A T2I-Adapter adds to one of each level, and to the middle's. Immutable.
 *
 * @param name what the inputs of a method are called, before their number
 * @param roundsUp whether half of an odd side is rounded up
 */
record ResidualShapes(String name, List<Shape> shapes, boolean roundsUp) {

    /** @param halvings of the sample's sides */
    record Shape(int channels, int halvings) {}

    ResidualShapes {
        shapes = List.copyOf(shapes);
    }

    /** Whether the blocks are of Stable Diffusion's kinds. */
    static boolean existIn(UNetConfig config) {
        return config.middle().isPresent()
                && config.down().stream()
                        .allMatch(block -> block instanceof ResnetLevel level
                                && !level.resizesInResnet()
                                && !level.attendsToItself());
    }

    /** Of ControlNets. Throws {@link ModelException} where the blocks are of other kinds than Stable Diffusion's. */
    static ResidualShapes of(UNetConfig config) {
        var shapes = new ArrayList<>(List.of(new Shape(config.channels(), 0)));
        var levels = levels(config);
        for (int i = 0; i < levels.size(); i++) {
            for (int j = 0; j < levels.get(i).attentions().size(); j++) {
                shapes.add(new Shape(levels.get(i).channels(), i));
            }
            if (!levels.get(i).last()) {
                shapes.add(new Shape(levels.get(i).channels(), i + 1));
            }
        }
        return withMiddle("residual_", shapes, levels);
    }

    /** Of T2I-Adapters. Throws {@link ModelException} where the blocks are of other kinds than Stable Diffusion's. */
    static ResidualShapes ofFeatures(UNetConfig config) {
        var shapes = new ArrayList<Shape>();
        var levels = levels(config);
        for (int i = 0; i < levels.size(); i++) {
            boolean isHalved = !levels.get(i).attends() && !levels.get(i).last();
            shapes.add(new Shape(levels.get(i).channels(), isHalved ? i + 1 : i));
        }
        return withMiddle("feature_", shapes, levels);
    }

    private static ResidualShapes withMiddle(String name, List<Shape> shapes, List<ResnetLevel> levels) {
        int last = levels.size() - 1;
        shapes.add(new Shape(levels.get(last).channels(), last));
        boolean roundsUp = levels.stream().allMatch(level -> level.last() || level.downsamplePadding() > 0);
        return new ResidualShapes(name, shapes, roundsUp);
    }

    private static List<ResnetLevel> levels(UNetConfig config) {
        if (!existIn(config)) {
            throw new ModelException("a network with other blocks than Stable Diffusion's is not controlled");
        }
        return config.down().stream().map(ResnetLevel.class::cast).toList();
    }

    int count() {
        return shapes.size();
    }

    /** The names of a method's inputs. */
    List<String> names() {
        return IntStream.range(0, count()).mapToObj(i -> name + i).toList();
    }

    /** Of a method that has them. */
    List<Value> inputs(Graph g, int pixels) {
        var values = new ArrayList<Value>();
        for (int i = 0; i < count(); i++) {
            var shape = shapes.get(i);
            int positions = Math.max(1, pixels >> (2 * shape.halvings()));
            values.add(g.castImage(g.input(Input.Kind.IMAGE, name + i, shape.channels(), positions)));
        }
        return values;
    }

    /** Of one of them, for samples of a size. */
    LatentShape of(int index, LatentShape sample) {
        var shape = shapes.get(index);
        return new LatentShape(
                shape.channels(), halved(sample.height(), shape.halvings()), halved(sample.width(), shape.halvings()));
    }

    /** The numbers of all together, for samples of a size. */
    int size(LatentShape sample) {
        return IntStream.range(0, count()).map(i -> of(i, sample).size()).reduce(0, Math::addExact);
    }

    private int halved(int side, int times) {
        int left = side;
        for (int i = 0; i < times; i++) {
            left = roundsUp ? (left + 1) / 2 : left / 2;
        }
        return left;
    }
}
