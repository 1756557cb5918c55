package dev.weir.tests;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.Denoiser;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.diffusion.Row;
import dev.weir.serving.DiffusionPart;
import java.util.List;
import java.util.function.Consumer;

/** A model's denoiser on a device that a test slows or breaks. */
record WatchedDenoiser(Denoiser network, Consumer<List<Row>> onForward) implements Denoiser {

    /** The first diffusing part of a model. @param onForward runs before each forward pass */
    static DiffusionPart part(ModelFolder folder, ComputeTarget target, Consumer<List<Row>> onForward) {
        DiffusionPart part = DiffusionPart.open(folder, 0, target);
        return new DiffusionPart(
                part.card(),
                part.type(),
                part.stage(),
                new WatchedDenoiser(part.network(), onForward),
                part.schedule(),
                part.augmentation(),
                part.nativeShape(),
                part.preview(),
                part.loras(),
                part.ipAdapters());
    }

    @Override
    public List<float[]> predict(LatentShape input, List<Row> rows) {
        onForward.accept(rows);
        return network.predict(input, rows);
    }

    @Override
    public int inChannels() {
        return network.inChannels();
    }

    @Override
    public int outChannels() {
        return network.outChannels();
    }

    @Override
    public List<NetworkInput> inputs() {
        return network.inputs();
    }

    @Override
    public void close() {
        network.close();
    }
}
