package dev.weir.engine.network;

import dev.weir.engine.Denoiser;
import dev.weir.engine.LatentShape;
import dev.weir.engine.Tensors;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.backend.Feed;
import java.util.ArrayList;
import java.util.List;

/** Runs a {@link NoisyClassifier} for its gradients. One device thread owns it. */
final class ClassifierGradient implements AutoCloseable {

    private final Executable network;
    private final NoisyClassifier classifier;

    ClassifierGradient(Executable network, NoisyClassifier classifier) {
        this.network = network;
        this.classifier = classifier;
    }

    int classes() {
        return classifier.classes();
    }

    /** Of each row by its sample, towards its label. */
    List<float[]> of(LatentShape sample, List<Denoiser.Row> rows) {
        if (sample.height() != classifier.side() || sample.width() != classifier.side()) {
            throw new IllegalArgumentException(
                    "%s; the classifier sees pictures of %d by %2$d pixels".formatted(sample, classifier.side()));
        }
        var samples = Feed.floats(
                bytes -> {
                    var floats = bytes.asFloatBuffer();
                    rows.forEach(row -> floats.put(row.sample()));
                },
                rows.size(),
                sample.channels(),
                sample.height(),
                sample.width());
        var timesteps = Feed.floats(bytes -> rows.forEach(row -> bytes.putFloat(row.timestep())), rows.size());
        var labels = Feed.longs(bytes -> rows.forEach(row -> bytes.putLong(label(row))), rows.size());
        return network.run(NoisyClassifier.GRADIENT, List.of(samples, timesteps, labels), out -> {
            var gradients = new ArrayList<float[]>();
            var floats = out.asFloatBuffer();
            for (int row = 0; row < rows.size(); row++) {
                var gradient = new float[sample.size()];
                floats.get(gradient);
                gradients.add(gradient);
            }
            return gradients;
        });
    }

    private int label(Denoiser.Row row) {
        int label = (int) row.inputs().get(Tensors.CLASS_LABELS).number();
        if (label < 0 || label >= classes()) {
            throw new IllegalArgumentException(
                    "class label %d; the classifier has labels 0 to %d".formatted(label, classes() - 1));
        }
        return label;
    }

    @Override
    public void close() {
        network.close();
    }
}
