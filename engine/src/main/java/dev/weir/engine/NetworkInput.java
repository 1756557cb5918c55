package dev.weir.engine;

import java.util.List;
import java.util.stream.IntStream;

/**
 * An input of a denoiser besides the sample and its timestep.
 *
 * <p>A {@link Join#STACK} input without axes is a whole number, as a class label is. All others hold floats.
 *
 * @param name diffusers' own, as {@code encoder_hidden_states}
 * @param shape of one row; {@link #ANY} for a side that differs between rows
 */
public record NetworkInput(String name, List<Integer> shape, Join join) {

    public static final int ANY = -1;

    public NetworkInput {
        shape = List.copyOf(shape);
        if (join == Join.PAD && shape.isEmpty()) {
            throw new IllegalArgumentException(name + " has no axis to pad");
        }
    }

    /** Whether the input is a whole number. */
    public boolean isLabel() {
        return join == Join.STACK && shape.isEmpty();
    }

    /** Whether it is an image of any size. */
    boolean isImage() {
        return shape.size() == 3 && shape.get(1) == ANY && shape.get(2) == ANY;
    }

    /**
     * Holds a row's tensors to what a denoiser takes: every input is there, except CONCAT and OPTIONAL ones, each has its shape, and there is no
     * other.
     *
     * @throws IllegalArgumentException that names the input
     */
    public static void require(List<NetworkInput> taken, Tensors inputs) {
        for (NetworkInput input : taken) {
            inputs.find(input.name()).ifPresent(input::require);
            if (input.join != Join.CONCAT && input.join != Join.OPTIONAL) {
                inputs.get(input.name());
            }
        }
        for (String name : inputs.byName().keySet()) {
            if (taken.stream().noneMatch(input -> input.name().equals(name))) {
                throw new IllegalArgumentException("this denoiser takes no " + name);
            }
        }
    }

    private void require(HostTensor tensor) {
        boolean fits = tensor.rank() == shape.size()
                && IntStream.range(0, shape.size())
                        .allMatch(i -> shape.get(i) == ANY ? tensor.side(i) > 0 : shape.get(i) == tensor.side(i));
        if (!fits) {
            throw new IllegalArgumentException(
                    "%s of %s; the denoiser takes %s".formatted(name, tensor.shape(), shape));
        }
    }
}
