package dev.weir.serving;

import dev.weir.engine.LatentShape;
import dev.weir.proto.Tensor;
import dev.weir.runtime.stage.Work;

/** Latents as tensors between the diffusion stages and the decoder: {@code [channels, height, width]}. */
public final class Latents {

    public static final String NAME = "latent";

    private Latents() {}

    /**
     * The result of the previous stage, handed on or from a checkpoint. Throws IllegalArgumentException if there is
     * none.
     */
    public static Tensor of(Work work) {
        return work.tensor(NAME);
    }

    public static Tensor toTensor(LatentShape shape, float[] latent) {
        return toTensor(NAME, shape, latent);
    }

    static Tensor toTensor(String name, LatentShape shape, float[] latent) {
        return Tensor.ofFloats(name, latent, shape.channels(), shape.height(), shape.width());
    }

    /** Throws an IllegalArgumentException that names the tensor if it does not have three dimensions. */
    public static LatentShape shapeOf(Tensor tensor) {
        long[] shape = tensor.shape();
        if (shape.length != 3) {
            throw new IllegalArgumentException("tensor %s has %d dimensions, not [channels, height, width]"
                    .formatted(tensor.name(), shape.length));
        }
        return new LatentShape(Math.toIntExact(shape[0]), Math.toIntExact(shape[1]), Math.toIntExact(shape[2]));
    }
}
