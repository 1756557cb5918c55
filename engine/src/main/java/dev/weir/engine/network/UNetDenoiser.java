package dev.weir.engine.network;

import dev.weir.engine.Denoiser;
import dev.weir.engine.LatentShape;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.backend.Feed;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Runs a {@link UNet2DConditionModel}: rows of one shape in one forward, prompts of unequal length padded and masked. */
final class UNetDenoiser implements Denoiser {

    private final Executable network;
    private final UNetConfig config;

    UNetDenoiser(Executable network, UNetConfig config) {
        this.network = network;
        this.config = config;
    }

    @Override
    public List<float[]> predict(LatentShape input, List<Row> rows) {
        if (rows.isEmpty()) {
            return List.of();
        }
        rows.forEach(row -> check(input, row));
        var feeds = new ArrayList<>(List.of(samples(input, rows), timesteps(rows), contexts(rows)));
        feeds.add(Lengths.kept(rows.stream().map(row -> row.context().tokens()).toList()));
        if (config.classes() != UNetConfig.Classes.NONE) {
            feeds.add(Feed.longs(bytes -> rows.forEach(row -> bytes.putLong(row.classLabel())), rows.size()));
        }
        return network.run(UNet2DConditionModel.FORWARD, feeds, out -> split(out, input, rows.size()));
    }

    private static Feed samples(LatentShape input, List<Row> rows) {
        return Feed.floats(
                bytes -> {
                    var out = bytes.asFloatBuffer();
                    rows.forEach(row -> out.put(row.latent()));
                },
                rows.size(),
                input.channels(),
                input.height(),
                input.width());
    }

    private static Feed timesteps(List<Row> rows) {
        return Feed.floats(bytes -> rows.forEach(row -> bytes.putFloat(row.timestep())), rows.size());
    }

    private Feed contexts(List<Row> rows) {
        int width = config.contextWidth();
        int longest =
                rows.stream().mapToInt(row -> row.context().tokens()).max().orElseThrow();
        return Feed.floats(
                bytes -> {
                    var out = bytes.asFloatBuffer();
                    for (var row : rows) {
                        out.put(row.context().values());
                        for (int i = row.context().tokens() * width; i < longest * width; i++) {
                            out.put(0);
                        }
                    }
                },
                rows.size(),
                longest,
                width);
    }

    private List<float[]> split(ByteBuffer out, LatentShape input, int rows) {
        int size = config.outChannels() * input.height() * input.width();
        var predictions = new ArrayList<float[]>();
        for (int row = 0; row < rows; row++) {
            var prediction = new float[size];
            out.asFloatBuffer().get(row * size, prediction);
            predictions.add(prediction);
        }
        return predictions;
    }

    private void check(LatentShape input, Row row) {
        if (input.channels() != config.inChannels() || row.latent().length != input.size()) {
            throw new IllegalArgumentException("a latent of %d numbers as %s; the denoiser takes %d channels"
                    .formatted(row.latent().length, input, config.inChannels()));
        }
        if (row.context().width() != config.contextWidth() || row.context().tokens() < 1) {
            throw new IllegalArgumentException("text states of [%d, %d]; the denoiser takes a width of %d"
                    .formatted(row.context().tokens(), row.context().width(), config.contextWidth()));
        }
        boolean labelled = row.classLabel() != NO_CLASS;
        if (labelled != (config.classes() != UNetConfig.Classes.NONE)) {
            throw new IllegalArgumentException(
                    labelled ? "this denoiser takes no class label" : "this denoiser needs a class label");
        }
        if (config.classes() == UNetConfig.Classes.TABLE
                && (row.classLabel() < 0 || row.classLabel() >= config.classCount())) {
            throw new IllegalArgumentException("class label %d; the denoiser has labels 0 to %d"
                    .formatted(row.classLabel(), config.classCount() - 1));
        }
    }

    @Override
    public int inChannels() {
        return config.inChannels();
    }

    @Override
    public int outChannels() {
        return config.outChannels();
    }

    @Override
    public int contextWidth() {
        return config.contextWidth();
    }

    @Override
    public void close() {
        network.close();
    }
}
