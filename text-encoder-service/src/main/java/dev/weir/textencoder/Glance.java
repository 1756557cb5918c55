package dev.weir.textencoder;

import dev.weir.engine.HostTensor;
import dev.weir.engine.ImageEncoder;
import dev.weir.engine.Tensors;
import dev.weir.engine.pipeline.Port;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.Branches;
import dev.weir.serving.Inputs;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Sees the pictures of one turn, equal files once. Owned by the device thread. It reads no prompt. */
final class Glance {

    private final Encoders encoders;
    private final Map<ByteBuffer, Tensors> seen = new HashMap<>();

    Glance(Encoders encoders) {
        this.encoders = encoders;
    }

    /**
     * What a task's stages are given of its picture, by names on the bus; nothing where it is to see none. Throws an
     * IllegalArgumentException that names what is missing.
     *
     * @param pixels of each picture
     */
    Tensors of(Work work, Map<Port, float[]> pixels) {
        if (!Inputs.areWanted(work)) {
            return Tensors.NONE;
        }
        ImageEncoder encoder = encoders.image().orElseThrow();
        Tensors embedding = seen.computeIfAbsent(
                work.tensor(Port.INIT_IMAGE.name()).bytes(),
                file -> encoder.encode(List.of(pixels.get(Port.INIT_IMAGE))).get(0));
        Tensors given = encoder.noised(embedding, work.task().getGeneration().getNoiseLevel());
        Map<String, HostTensor> named = new LinkedHashMap<>();
        given.byName().forEach((name, tensor) -> named.put(Branches.IMAGE + name, tensor));
        return new Tensors(named);
    }
}
