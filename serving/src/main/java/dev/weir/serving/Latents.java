package dev.weir.serving;

import dev.weir.engine.LatentShape;
import dev.weir.proto.Tensor;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Work;

/** Latents as the tensors that travel between the stages that diffuse and the decoder: {@code [channels, height, width]}. */
public final class Latents {

    public static final String NAME = "latent";

    /** In a checkpoint, what the stage before handed on. */
    static final String BASE = Snapshot.PREFIX + "base";

    private Latents() {}

    /** What the stage before made, be it handed on or kept in a checkpoint; throws IllegalArgumentException where there is none. */
    public static Tensor of(Work work) {
        return work.tensor(work.has(BASE) ? BASE : NAME);
    }

    public static Tensor toTensor(LatentShape shape, float[] latent) {
        return toTensor(NAME, shape, latent);
    }

    static Tensor toTensor(String name, LatentShape shape, float[] latent) {
        return Tensor.ofFloats(name, latent, shape.channels(), shape.height(), shape.width());
    }

    /** Throws IllegalArgumentException naming the tensor where it does not have three dimensions. */
    public static LatentShape shapeOf(Tensor tensor) {
        long[] shape = tensor.shape();
        if (shape.length != 3) {
            throw new IllegalArgumentException("tensor %s has %d dimensions, not [channels, height, width]"
                    .formatted(tensor.name(), shape.length));
        }
        return new LatentShape(Math.toIntExact(shape[0]), Math.toIntExact(shape[1]), Math.toIntExact(shape[2]));
    }
}
