package dev.weir.engine.network;

import dev.weir.engine.Denoiser;
import dev.weir.engine.HostTensor;
import dev.weir.engine.LatentShape;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.Tensors;
import dev.weir.engine.adapter.Lora;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.backend.Feed;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;

/**
 * The decoder of unCLIP behind its projection of text and picture. What a row takes is projected once, and remembered for its next
 * steps. One device thread owns it.
 */
final class ProjectedDenoiser implements Denoiser {

    /** Rows of a few forward passes, each about 0.7 MB of heap at Karlo's size. */
    private static final int REMEMBERED = 64;

    private final Denoiser decoder;
    private final UnclipTextProjection projection;
    private final Executable network;
    private final HostTensor learned;
    private final Recent<Tensors, Tensors> projected = new Recent<>(REMEMBERED, tensors -> {});

    /** @param learned the embedding of a picture where there is none */
    ProjectedDenoiser(Denoiser decoder, UnclipTextProjection projection, Executable network, float[] learned) {
        this.decoder = decoder;
        this.projection = projection;
        this.network = network;
        this.learned = HostTensor.of(learned, learned.length);
    }

    @Override
    public List<NetworkInput> inputs() {
        var beside = decoder.inputs().stream().filter(input -> input.name().equals(Tensors.CONCAT));
        return Stream.concat(beside, projection.inputs().stream()).toList();
    }

    @Override
    public List<float[]> predict(LatentShape sample, List<Row> rows) {
        return decoder.predict(
                sample,
                rows.stream()
                        .map(row -> new Row(
                                row.sample(),
                                row.timestep(),
                                projected.get(row.inputs(), () -> project(row.inputs())),
                                row.loras(),
                                row.controls()))
                        .toList());
    }

    private Tensors project(Tensors inputs) {
        NetworkInput.require(inputs(), inputs);
        var text = inputs.get(Tensors.ENCODER_HIDDEN_STATES);
        var picture = inputs.get(Tensors.IMAGE_ABSENT).number() == 0 ? inputs.get(Tensors.IMAGE_EMBEDS) : learned;
        int length = text.side(0);
        int width = projection.width();
        var tokens = run(UnclipTextProjection.PICTURE, projection.tokens() * width, row(picture));
        var states = run(
                UnclipTextProjection.STATES,
                length * width,
                Feed.floats(bytes -> bytes.asFloatBuffer().put(text.values()), 1, length, text.side(1)));
        var sequence = new float[(projection.tokens() + length) * width];
        for (int token = 0; token < projection.tokens(); token++) {
            for (int channel = 0; channel < width; channel++) {
                sequence[token * width + channel] = tokens[channel * projection.tokens() + token];
            }
        }
        System.arraycopy(states, 0, sequence, projection.tokens() * width, states.length);
        var time = run(
                UnclipTextProjection.TIME,
                projection.timeWidth(),
                row(picture),
                row(inputs.get(AddedEmbedding.TEXT_EMBEDS)));
        return Tensors.of(Tensors.ENCODER_HIDDEN_STATES, HostTensor.of(sequence, projection.tokens() + length, width))
                .with(Tensors.CLASS_LABELS, HostTensor.of(time, time.length));
    }

    private static Feed row(HostTensor vector) {
        return Feed.floats(bytes -> bytes.asFloatBuffer().put(vector.values()), 1, vector.side(0));
    }

    private float[] run(String method, int size, Feed... feeds) {
        return network.run(method, List.of(feeds), out -> {
            var values = new float[size];
            out.asFloatBuffer().get(values);
            return values;
        });
    }

    @Override
    public void expect(Collection<Lora> loras) {
        decoder.expect(loras);
    }

    @Override
    public void load(List<WeightedLora> loras, Collection<Lora> needed) {
        decoder.load(loras, needed);
    }

    @Override
    public int inChannels() {
        return decoder.inChannels();
    }

    @Override
    public int outChannels() {
        return decoder.outChannels();
    }

    @Override
    public void close() {
        decoder.close();
        network.close();
    }
}
