package dev.weir.engine.network;

import dev.weir.engine.Denoiser;
import dev.weir.engine.LatentShape;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.Tensors;
import dev.weir.engine.adapter.Lora;
import dev.weir.engine.adapter.WeightedLora;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A denoiser of pixels with a classifier beside it (Dhariwal and Nichol 2021, arXiv 2105.05233). Behind the outputs of a row with a scale it
 * puts the classifier's gradient by the row's sample, times the scale. Other rows share the denoiser's forward and need no classifier. One
 * device thread owns it.
 */
final class ClassifierGuidedDenoiser implements Denoiser {

    private static final NetworkInput SCALE = GraphInputs.rows(Tensors.CLASSIFIER_SCALE, 1);

    private final Denoiser denoiser;
    private final ClassifierGradient classifier;
    private final List<NetworkInput> inputs;

    ClassifierGuidedDenoiser(Denoiser denoiser, ClassifierGradient classifier) {
        this.denoiser = denoiser;
        this.classifier = classifier;
        this.inputs = Stream.of(
                        denoiser.inputs().stream(),
                        Stream.of(GraphInputs.label(Tensors.CLASS_LABELS)),
                        Stream.of(SCALE))
                .flatMap(own -> own)
                .distinct()
                .toList();
    }

    @Override
    public List<float[]> predict(LatentShape sample, List<Row> rows) {
        var outputs = new ArrayList<>(
                denoiser.predict(sample, rows.stream().map(this::plain).toList()));
        var guided = IntStream.range(0, rows.size())
                .filter(row -> scale(rows.get(row)) != 0)
                .boxed()
                .toList();
        if (!guided.isEmpty()) {
            var gradients = classifier.of(sample, guided.stream().map(rows::get).toList());
            for (int i = 0; i < gradients.size(); i++) {
                int row = guided.get(i);
                outputs.set(row, joined(outputs.get(row), gradients.get(i), scale(rows.get(row))));
            }
        }
        return outputs;
    }

    private Row plain(Row row) {
        return new Row(row.sample(), row.timestep(), row.inputs().only(denoiser.inputs()), row.loras(), row.controls());
    }

    private static float scale(Row row) {
        return row.inputs().get(Tensors.CLASSIFIER_SCALE).values()[0];
    }

    private static float[] joined(float[] output, float[] gradient, float scale) {
        var joined = Arrays.copyOf(output, output.length + gradient.length);
        for (int i = 0; i < gradient.length; i++) {
            joined[output.length + i] = scale * gradient[i];
        }
        return joined;
    }

    @Override
    public void expect(Collection<Lora> loras) {
        denoiser.expect(loras);
    }

    @Override
    public void load(List<WeightedLora> loras, Collection<Lora> needed) {
        denoiser.load(loras, needed);
    }

    @Override
    public List<NetworkInput> inputs() {
        return inputs;
    }

    @Override
    public int inChannels() {
        return denoiser.inChannels();
    }

    @Override
    public int outChannels() {
        return denoiser.outChannels();
    }

    @Override
    public void close() {
        denoiser.close();
        classifier.close();
    }
}
