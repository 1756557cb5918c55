package dev.weir.textencoder;

import com.google.protobuf.ByteString;
import dev.weir.engine.adapter.IpAdapter;
import dev.weir.engine.image.Bitmap;
import dev.weir.engine.pipeline.Port;
import dev.weir.picture.PictureException;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.Inputs;
import dev.weir.serving.SharedReads;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;

/** Reads the pictures of tasks and resizes them for CLIP's networks, those of one request once. Any thread. It runs no network. */
final class Pixels {

    private final SharedReads<Read, float[]> reads = new SharedReads<>();

    /** @param by the model or the adapter whose network takes it */
    private record Read(ByteString file, Object by) {}

    /** Whether a task has any. */
    static boolean areWanted(Work work) {
        return Inputs.areWanted(work) || PromptImages.count(work) > 0;
    }

    /**
     * What the networks take of each picture of a task, by port. Throws {@link PictureException}, an IllegalArgumentException that names
     * what is missing, or a ModelException that names a file that cannot be read.
     *
     * @param known the model's adapters, by name
     */
    Map<Port, float[]> of(Work work, Encoders encoders, Map<String, IpAdapter> known) {
        Map<Port, float[]> pixels = new HashMap<>();
        if (Inputs.areWanted(work)) {
            var encoder = encoders.image().orElseThrow();
            pixels.put(Port.INIT_IMAGE, read(work, Port.INIT_IMAGE, work.task().getModel(), encoder::pixels));
        }
        for (var shown : PromptImages.shown(work, known)) {
            for (Port port : shown.ports()) {
                pixels.put(port, read(work, port, shown.adapter(), picture -> encoders.prompter()
                        .pixels(shown.adapter(), picture)));
            }
        }
        return pixels;
    }

    private float[] read(Work work, Port port, Object by, Function<Bitmap, float[]> processor) {
        ByteString file = Inputs.digest(work, port);
        return file.isEmpty()
                ? processor.apply(Inputs.picture(work, port))
                : reads.get(new Read(file, by), () -> processor.apply(Inputs.picture(work, port)));
    }
}
