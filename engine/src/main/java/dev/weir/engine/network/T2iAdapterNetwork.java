package dev.weir.engine.network;

import dev.weir.engine.LatentShape;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.control.ControlPicture;
import java.lang.ref.WeakReference;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A T2I-Adapter with its weights. It sees a picture once, and keeps its results as long as a row has the picture: those of all steps, and
 * of all images of a request, are the same. Of more pictures than one forward has, the least recently used results are computed again.
 */
final class T2iAdapterNetwork implements SteeringNetwork {

    /** Results of a picture of 1024x1024 pixels take 26 MB of the heap. */
    static final int MOST = 16;

    private final Executable network;
    private final T2iAdapterModel model;
    /** The least recently used one first. */
    private final List<Seen> seen = new ArrayList<>();

    /** @param features all results, one after the other */
    private record Seen(WeakReference<ControlPicture> picture, float[] features) {}

    T2iAdapterNetwork(Executable network, T2iAdapterModel model) {
        this.network = network;
        this.model = model;
    }

    @Override
    public void add(LatentShape sample, List<Steered> rows) {
        for (Steered steered : rows) {
            float[] features = features(steered.control().picture());
            float scale = steered.control().scale();
            FloatBuffer sum = steered.sum();
            for (int i = 0; i < features.length; i++) {
                sum.put(i, sum.get(i) + scale * features[i]);
            }
        }
    }

    private float[] features(ControlPicture picture) {
        seen.removeIf(known -> known.picture().get() == null);
        Seen found = seen.stream()
                .filter(known -> known.picture().get() == picture)
                .findFirst()
                .orElseGet(() -> new Seen(new WeakReference<>(picture), run(picture)));
        seen.remove(found);
        seen.add(found);
        if (seen.size() > MOST) {
            seen.remove(0);
        }
        return found.features();
    }

    /** Of one picture, so that its numbers do not depend on others. */
    private float[] run(ControlPicture picture) {
        var parts = picture.parts(model.pictureChannels(), model.reduction());
        var feed = Feed.floats(
                bytes -> bytes.asFloatBuffer().put(parts.values()), 1, parts.side(0), parts.side(1), parts.side(2));
        return network.run(NetworkDenoiser.FORWARD, List.of(feed), out -> {
            var values = out.asFloatBuffer();
            var features = new float[values.remaining()];
            values.get(features);
            return features;
        });
    }

    @Override
    public void close() {
        network.close();
    }
}
