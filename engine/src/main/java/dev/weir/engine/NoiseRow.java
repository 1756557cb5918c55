package dev.weir.engine;

import dev.weir.engine.Denoiser.Row;
import dev.weir.engine.noise.TorchGenerator;

/** Rows of noise for a network, as real ones begin: for tests of its weights and measurements of its speed. */
public final class NoiseRow {

    static final float TIMESTEP = 500;

    private NoiseRow() {}

    /**
     * A row with every input that the network needs. Images of any size besides the sample are as large as it.
     *
     * @param sample shape of the row's sample; the network's other channels are a CONCAT input
     * @param tokens length of padded inputs
     */
    public static Row of(Denoiser network, LatentShape sample, int tokens, long seed) {
        return of(network, sample, sample, tokens, seed);
    }

    /** @param beside shape of images of any size besides the sample */
    public static Row of(Denoiser network, LatentShape sample, LatentShape beside, int tokens, long seed) {
        var noise = new TorchGenerator(seed);
        float[] values = noise.normal(sample.size());
        var inputs = Tensors.NONE;
        for (NetworkInput input : network.inputs()) {
            if (input.join() == Join.OPTIONAL) {
                continue;
            }
            int[] shape = shape(input, network, sample, beside, tokens);
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

    private static int[] shape(
            NetworkInput input, Denoiser network, LatentShape sample, LatentShape beside, int tokens) {
        if (input.join() == Join.CONCAT) {
            return new int[] {network.inChannels() - sample.channels(), sample.height(), sample.width()};
        }
        if (input.isImage()) {
            return new int[] {input.shape().get(0), beside.height(), beside.width()};
        }
        return input.shape().stream()
                .mapToInt(side -> side == NetworkInput.ANY ? tokens : side)
                .toArray();
    }
}
