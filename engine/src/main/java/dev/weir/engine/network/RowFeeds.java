package dev.weir.engine.network;

import dev.weir.engine.Denoiser.Row;
import dev.weir.engine.HostTensor;
import dev.weir.engine.Join;
import dev.weir.engine.LatentShape;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.Signature;
import dev.weir.engine.Tensors;
import dev.weir.engine.backend.Feed;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/**
 * The inputs of a forward of several rows: the sample, the timestep, and then the network's other inputs in their order, each joined
 * as it says; a padded input is followed by which of its tokens count. States of the same samples in the next step are the same feed,
 * which is neither written nor sent to a device again. Immutable.
 *
 * @param classes how many class labels the network has a table for; 0 where it has none
 * @param more the inputs behind all others
 */
record RowFeeds(
        int inChannels, List<NetworkInput> inputs, int classes, BiFunction<LatentShape, List<Row>, List<Feed>> more) {

    RowFeeds(int inChannels, List<NetworkInput> inputs, int classes) {
        this(inChannels, inputs, classes, (shape, rows) -> List.of());
    }

    RowFeeds {
        inputs = List.copyOf(inputs);
    }

    /** Throws an IllegalArgumentException that names what a row lacks or has besides. */
    List<Feed> of(LatentShape sample, List<Row> rows) {
        rows.forEach(row -> check(sample, row, rows.get(0)));
        var feeds = new ArrayList<>(List.of(samples(sample, rows), timesteps(rows)));
        for (NetworkInput input : inputs) {
            var tensors = rows.stream().flatMap(row -> row.inputs().find(input.name()).stream());
            feeds.addAll(feeds(input, tensors.toList()));
        }
        feeds.addAll(more.apply(sample, rows));
        return feeds;
    }

    private Feed samples(LatentShape sample, List<Row> rows) {
        return Feed.floats(
                bytes -> {
                    var out = bytes.asFloatBuffer();
                    for (Row row : rows) {
                        out.put(row.sample());
                        concatenated(row).forEach(beside -> out.put(beside.values()));
                    }
                },
                rows.size(),
                inChannels,
                sample.height(),
                sample.width());
    }

    private List<HostTensor> concatenated(Row row) {
        return inputs.stream()
                .filter(input -> input.join() == Join.CONCAT)
                .flatMap(input -> row.inputs().find(input.name()).stream())
                .toList();
    }

    private static Feed timesteps(List<Row> rows) {
        return Feed.floats(bytes -> rows.forEach(row -> bytes.putFloat(row.timestep())), rows.size());
    }

    private static List<Feed> feeds(NetworkInput input, List<HostTensor> rows) {
        return switch (input.join()) {
            case CONCAT, SOURCE -> List.of();
            case PAD ->
                List.of(
                        padded(rows),
                        Lengths.kept(rows.stream().map(row -> row.side(0)).toList()));
            case OPTIONAL ->
                List.of(
                        columns(rows),
                        Lengths.kept(rows.stream().map(row -> row.side(1)).toList()));
            case STACK -> List.of(input.isLabel() ? labels(rows) : stacked(rows));
        };
    }

    private static Feed labels(List<HostTensor> rows) {
        return Feed.longs(bytes -> rows.forEach(row -> bytes.putLong((long) row.number())), rows.size());
    }

    private static Feed stacked(List<HostTensor> rows) {
        return Feed.floats(
                        bytes -> putAll(bytes.asFloatBuffer(), rows, 0),
                        shape(rows, rows.get(0).shape()))
                .from(rows);
    }

    private static Feed padded(List<HostTensor> rows) {
        int longest = rows.stream().mapToInt(row -> row.side(0)).max().orElseThrow();
        var shape = new ArrayList<>(rows.get(0).shape());
        shape.set(0, longest);
        int size = shape.stream().reduce(1, Math::multiplyExact);
        return Feed.floats(bytes -> putAll(bytes.asFloatBuffer(), rows, size), shape(rows, shape))
                .from(rows);
    }

    /** Rows {@code [channels, tokens]}: each channel is padded to the most tokens. */
    private static Feed columns(List<HostTensor> rows) {
        int channels = rows.get(0).side(0);
        int longest = rows.stream().mapToInt(row -> row.side(1)).max().orElseThrow();
        return Feed.floats(
                        bytes -> {
                            var out = bytes.asFloatBuffer();
                            for (HostTensor row : rows) {
                                int tokens = row.side(1);
                                for (int channel = 0; channel < channels; channel++) {
                                    out.put(row.values(), channel * tokens, tokens);
                                    for (int i = tokens; i < longest; i++) {
                                        out.put(0);
                                    }
                                }
                            }
                        },
                        rows.size(),
                        channels,
                        longest)
                .from(rows);
    }

    /** @param size with zeros after a shorter row; 0 where all are equally long */
    private static void putAll(FloatBuffer out, List<HostTensor> rows, int size) {
        for (HostTensor row : rows) {
            out.put(row.values());
            for (int i = row.values().length; i < size; i++) {
                out.put(0);
            }
        }
    }

    private static long[] shape(List<HostTensor> rows, List<Integer> ofOne) {
        var shape = new long[1 + ofOne.size()];
        shape[0] = rows.size();
        for (int i = 0; i < ofOne.size(); i++) {
            shape[i + 1] = ofOne.get(i);
        }
        return shape;
    }

    private void check(LatentShape sample, Row row, Row first) {
        NetworkInput.require(inputs, row.inputs());
        int channels = sample.channels();
        for (HostTensor beside : concatenated(row)) {
            channels += beside.side(0);
            if (beside.side(1) != sample.height() || beside.side(2) != sample.width()) {
                throw new IllegalArgumentException(
                        "%s of %s beside a sample of %s".formatted(Tensors.CONCAT, beside.shape(), sample));
            }
        }
        if (channels != inChannels || row.sample().length != sample.size()) {
            throw new IllegalArgumentException(
                    "a sample of %d numbers as %s, with %d channels in all; the denoiser takes %d channels"
                            .formatted(row.sample().length, sample, channels, inChannels));
        }
        if (!Signature.of(row.inputs(), inputs).equals(Signature.of(first.inputs(), inputs))) {
            throw new IllegalArgumentException("rows with different inputs do not share a forward: %s and %s"
                    .formatted(first.inputs().byName(), row.inputs().byName()));
        }
        checkLabel(row);
    }

    private void checkLabel(Row row) {
        if (classes > 0) {
            float label = row.inputs().get(Tensors.CLASS_LABELS).number();
            if (label < 0 || label >= classes) {
                throw new IllegalArgumentException(
                        "class label %d; the denoiser has labels 0 to %d".formatted((int) label, classes - 1));
            }
        }
    }
}
