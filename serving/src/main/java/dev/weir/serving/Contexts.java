package dev.weir.serving;

import dev.weir.engine.TextStates;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;

/** Text states as tensors between the text encoder and the diffusion stages: {@code [tokens, width]}. */
public final class Contexts {

    public static final String POSITIVE = "context";
    public static final String NEGATIVE = "negative_context";

    private Contexts() {}

    /** Whether the sample uses classifier-free guidance, and so needs a negative context. */
    public static boolean isGuided(Generation generation) {
        return generation.getGuidanceScale() > 1;
    }

    public static Tensor toTensor(String name, TextStates states) {
        return Tensor.ofFloats(name, states.values(), states.tokens(), states.width());
    }

    /** Throws an IllegalArgumentException that names the tensor if its shape is not {@code [tokens, width]}. */
    public static TextStates fromTensor(Tensor tensor) {
        long[] shape = tensor.shape();
        if (shape.length != 2) {
            throw new IllegalArgumentException(
                    "tensor %s has %d dimensions, not [tokens, width]".formatted(tensor.name(), shape.length));
        }
        return new TextStates(Math.toIntExact(shape[0]), Math.toIntExact(shape[1]), tensor.toFloats());
    }
}
