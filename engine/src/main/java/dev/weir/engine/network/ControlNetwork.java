package dev.weir.engine.network;

import dev.weir.engine.Denoiser.Row;
import dev.weir.engine.HostTensor;
import dev.weir.engine.LatentShape;
import dev.weir.engine.Tensors;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.control.Control;
import dev.weir.engine.control.ControlPicture;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;

/** A ControlNet with its weights. One device thread owns it. */
final class ControlNetwork implements SteeringNetwork {

    /** What scales begin with where the prompt is to be guessed: the first result counts a tenth of the last. */
    private static final double FIRST_GUESS = 0.1;

    private final Executable network;
    private final ControlNetModel model;
    private final RowFeeds feeds;

    ControlNetwork(Executable network, ControlNetModel model) {
        this.network = network;
        this.model = model;
        this.feeds = new RowFeeds(
                model.config().inChannels(),
                model.inputs(),
                model.config().classes().map(ClassEmbedding::count).orElse(0));
    }

    /** Runs once for all rows. */
    @Override
    public void add(LatentShape sample, List<Steered> rows) {
        var own = new ArrayList<Row>();
        // The branches of a sample and the images of a request have one picture. Its numbers take some milliseconds
        // each time.
        var pictures = new IdentityHashMap<ControlPicture, HostTensor>();
        for (Steered steered : rows) {
            var row = steered.row();
            var picture = pictures.computeIfAbsent(steered.control().picture(), ControlPicture::tensor);
            var inputs = row.inputs()
                    .with(Tensors.of(ControlNetModel.PICTURE, picture))
                    .only(model.inputs());
            own.add(new Row(row.sample(), row.timestep(), inputs));
        }
        network.run(NetworkDenoiser.FORWARD, feeds.of(sample, own), out -> {
            var values = out.asFloatBuffer();
            rows.forEach(steered -> add(sample, values, steered));
            return null;
        });
    }

    /** @param out at the row's first number; left after its last */
    private void add(LatentShape sample, FloatBuffer out, Steered steered) {
        var control = steered.control();
        var sum = steered.sum().duplicate().clear();
        for (int i = 0; i < model.shapes().count(); i++) {
            var shape = model.shapes().of(i, sample);
            float scale = control.scale() * share(control, i);
            int pixels = shape.height() * shape.width();
            int at = sum.position();
            if (model.pools()) {
                for (int channel = 0; channel < shape.channels(); channel++) {
                    float value = scale * out.get();
                    for (int pixel = 0; pixel < pixels; pixel++, at++) {
                        sum.put(at, sum.get(at) + value);
                    }
                }
            } else {
                for (int end = at + shape.size(); at < end; at++) {
                    sum.put(at, sum.get(at) + scale * out.get());
                }
            }
            sum.position(at);
        }
    }

    private float share(Control control, int index) {
        int last = model.shapes().count() - 1;
        return control.guess() && !model.pools() ? (float) Math.pow(FIRST_GUESS, (double) (last - index) / last) : 1;
    }

    @Override
    public void close() {
        network.close();
    }
}
