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
 * The images that pass the levels of a UNet by, in the order of the way down, and the middle's: what a ControlNet adds to. Immutable.
 *
 * @param roundsUp whether half of an odd side is rounded up
 */
record ResidualShapes(List<Shape> shapes, boolean roundsUp) {

    /** @param halvings of the sample's sides */
    record Shape(int channels, int halvings) {}

    ResidualShapes {
        shapes = List.copyOf(shapes);
    }

    /** Throws {@link ModelException} where the blocks are of other kinds than Stable Diffusion's. */
    static ResidualShapes of(UNetConfig config) {
        var shapes = new ArrayList<>(List.of(new Shape(config.channels(), 0)));
        boolean roundsUp = true;
        for (int i = 0; i < config.down().size(); i++) {
            if (!(config.down().get(i) instanceof ResnetLevel level)
                    || level.resizesInResnet()
                    || config.middle().isEmpty()) {
                throw new ModelException("a network with other blocks than Stable Diffusion's is not controlled");
            }
            for (int j = 0; j < level.attentions().size(); j++) {
                shapes.add(new Shape(level.channels(), i));
            }
            if (!level.last()) {
                shapes.add(new Shape(level.channels(), i + 1));
                roundsUp = level.downsamplePadding() > 0;
            }
        }
        shapes.add(shapes.get(shapes.size() - 1));
        return new ResidualShapes(shapes, roundsUp);
    }

    int count() {
        return shapes.size();
    }

    /** The names of a method's inputs. */
    List<String> names() {
        return IntStream.range(0, count()).mapToObj(ResidualShapes::name).toList();
    }

    private static String name(int index) {
        return "residual_" + index;
    }

    /** Of a method that has them. */
    List<Value> inputs(Graph g, int pixels) {
        var values = new ArrayList<Value>();
        for (int i = 0; i < count(); i++) {
            var shape = shapes.get(i);
            int positions = Math.max(1, pixels >> (2 * shape.halvings()));
            values.add(g.castImage(g.input(Input.Kind.IMAGE, name(i), shape.channels(), positions)));
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
