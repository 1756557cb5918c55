package dev.weir.engine;

import dev.weir.engine.Denoiser.Row;
import dev.weir.engine.noise.TorchGenerator;

/** Rows of noise for a network, as real ones begin: for tests of its weights and measurements of its speed. */
public final class NoiseRow {

    private static final float TIMESTEP = 500;

    private NoiseRow() {}

    /**
     * A row with every input that the network needs.
     *
     * @param sample shape of the row's sample; the network's other channels are a CONCAT input
     * @param tokens length of padded inputs
     */
    public static Row of(Denoiser network, LatentShape sample, int tokens, long seed) {
        var noise = new TorchGenerator(seed);
        float[] values = noise.normal(sample.size());
        var inputs = Tensors.NONE;
        for (NetworkInput input : network.inputs()) {
            if (input.join() == Join.OPTIONAL) {
                continue;
            }
            int[] shape = shape(input, network, sample, tokens);
            int size = 1;
            for (int side : shape) {
                size *= side;
            }
            if (input.isLabel()) {
                inputs = inputs.with(input.name(), HostTensor.number(0));
            } else if (size > 0) {
                inputs = inputs.with(input.name(), HostTensor.of(noise.normal(size), shape));
            }
        }
        return new Row(values, TIMESTEP, inputs);
    }

    private static int[] shape(NetworkInput input, Denoiser network, LatentShape sample, int tokens) {
        if (input.join() == Join.CONCAT) {
            return new int[] {network.inChannels() - sample.channels(), sample.height(), sample.width()};
        }
        return input.shape().stream()
                .mapToInt(side -> side == NetworkInput.ANY ? tokens : side)
                .toArray();
    }
}
