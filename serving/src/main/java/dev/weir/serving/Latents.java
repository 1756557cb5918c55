package dev.weir.serving;

import dev.weir.engine.LatentShape;
import dev.weir.proto.Tensor;

/** Latents as the tensors that travel between the stages that diffuse and the decoder: {@code [channels, height, width]}. */
public final class Latents {

    public static final String NAME = "latent";

    private Latents() {}

    public static Tensor toTensor(LatentShape shape, float[] latent) {
        return Tensor.ofFloats(NAME, latent, shape.channels(), shape.height(), shape.width());
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
