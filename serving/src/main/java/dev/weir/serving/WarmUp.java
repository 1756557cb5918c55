package dev.weir.serving;

import dev.weir.engine.Denoiser;
import dev.weir.engine.LatentShape;
import dev.weir.engine.TextStates;
import java.util.Collections;

/** A first forward, so that the first user does not wait for what a network does once. */
final class WarmUp {

    private WarmUp() {}

    /** Runs the part alone and as a guided pair, at the size that the model was trained at. */
    static void run(DiffusionPart part) {
        Denoiser network = part.network();
        LatentShape made = part.nativeShape();
        LatentShape input = new LatentShape(network.inChannels(), made.height(), made.width());
        TextStates context = new TextStates(2, network.contextWidth(), new float[2 * network.contextWidth()]);
        Denoiser.Row row = new Denoiser.Row(new float[input.size()], 1, context, part.classLabel());
        network.predict(input, Collections.nCopies(1, row));
        network.predict(input, Collections.nCopies(2, row));
    }
}
