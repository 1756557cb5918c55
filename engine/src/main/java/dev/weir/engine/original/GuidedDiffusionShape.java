package dev.weir.engine.original;

import dev.weir.engine.weights.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * What the shapes of a file of guided diffusion say: a UNet, or a classifier, which is the half of one. Immutable; any thread.
 *
 * @param base width that the timestep's embedding begins with
 * @param widths of the levels
 * @param attends which levels attend
 * @param layers residual blocks of a level on the way down
 * @param labels of the classes that a UNet is told, or a classifier tells; 0: none
 * @param poolSide of the pictures that a classifier's pool sees; empty: it is a UNet
 */
public record GuidedDiffusionShape(
        int in,
        int out,
        int base,
        List<Integer> widths,
        List<Boolean> attends,
        int layers,
        boolean scaleShift,
        boolean resizesInResnet,
        int labels,
        OptionalInt poolSide) {

    private static final String POSITIONS = "out.2.positional_embedding";
    private static final String LABELS = "label_emb.weight";
    /** The first attention of the published networks sees so many pixels each way. */
    private static final int FIRST_ATTENTION = 32;

    /** Empty where the file is none of these. */
    public static Optional<GuidedDiffusionShape> of(Weights file) {
        return readsText(file) ? Optional.empty() : read(file);
    }

    /** Of a UNet of GLIDE, which is one of these that reads a text; empty where the file is none. */
    public static Optional<GuidedDiffusionShape> ofText(Weights file) {
        return readsText(file) && has(file, "padding_embedding") ? read(file) : Optional.empty();
    }

    private static boolean readsText(Weights file) {
        return has(file, "middle_block.1.encoder_kv.weight");
    }

    private static Optional<GuidedDiffusionShape> read(Weights file) {
        boolean isOne = has(file, "time_embed.0.weight")
                && has(file, "input_blocks.0.0.weight")
                && has(file, "middle_block.1.qkv.weight");
        if (!isOne) {
            return Optional.empty();
        }
        int inputs = count(file, "input_blocks.");
        int outputs = count(file, "output_blocks.");
        int layers = outputs == 0 ? lastAttending(file, inputs) : outputs / levels(file, outputs) - 1;
        if (layers < 1 || inputs % (layers + 1) != 0) {
            return Optional.empty();
        }
        List<Integer> widths = new ArrayList<>();
        List<Boolean> attends = new ArrayList<>();
        for (int first = 1; first < inputs; first += layers + 1) {
            widths.add(side(file, "input_blocks.%d.0.out_layers.3.weight".formatted(first), 0));
            attends.add(attends(file, first));
        }
        boolean isClassifier = has(file, POSITIONS);
        return Optional.of(new GuidedDiffusionShape(
                side(file, "input_blocks.0.0.weight", 1),
                isClassifier ? 0 : side(file, "out.2.weight", 0),
                side(file, "time_embed.0.weight", 1),
                List.copyOf(widths),
                List.copyOf(attends),
                layers,
                side(file, "middle_block.0.emb_layers.1.weight", 0)
                        == 2 * side(file, "middle_block.0.out_layers.3.weight", 0),
                has(file, "input_blocks.%d.0.in_layers.2.weight".formatted(layers + 1)),
                isClassifier ? side(file, "out.2.c_proj.weight", 0) : side(file, LABELS, 0),
                isClassifier ? OptionalInt.of((int) Math.sqrt(side(file, POSITIONS, 1) - 1)) : OptionalInt.empty()));
    }

    /** Pixels of its pictures each way; of a UNet as the published ones have it. */
    public int side() {
        int halvings = widths.size() - 1;
        return poolSide.isPresent()
                ? poolSide.getAsInt() << halvings
                : FIRST_ATTENTION << Math.max(0, attends.indexOf(true));
    }

    public boolean isClassifier() {
        return poolSide.isPresent();
    }

    /** Whether it enlarges a picture that it sees beside the sample. */
    public boolean isUpsampler() {
        return !isClassifier() && in == 6;
    }

    /** Each level on the way up but the last ends with a change of size. */
    private static int levels(Weights file, int outputs) {
        return 1
                + (int) IntStream.range(0, outputs)
                        .filter(block -> IntStream.of(1, 2)
                                .mapToObj(part -> "output_blocks.%d.%d.".formatted(block, part))
                                .anyMatch(part ->
                                        has(file, part + "conv.weight") || has(file, part + "in_layers.2.weight")))
                        .count();
    }

    /** The blocks of the last level, which the published classifiers all attend in. */
    private static int lastAttending(Weights file, int inputs) {
        int block = inputs - 1;
        while (block > 0 && attends(file, block)) {
            block--;
        }
        return inputs - 1 - block;
    }

    private static boolean attends(Weights file, int block) {
        return has(file, "input_blocks.%d.1.qkv.weight".formatted(block));
    }

    private static int count(Weights file, String prefix) {
        return (int) IntStream.range(0, file.names().size())
                .takeWhile(number -> file.names().stream().anyMatch(name -> name.startsWith(prefix + number + ".")))
                .count();
    }

    private static boolean has(Weights file, String name) {
        return file.names().contains(name);
    }

    /** 0 where there is no such tensor or axis. */
    private static int side(Weights file, String name, int axis) {
        long[] shape = has(file, name) ? file.info(name).shape() : new long[0];
        return axis < shape.length ? (int) shape[axis] : 0;
    }
}
