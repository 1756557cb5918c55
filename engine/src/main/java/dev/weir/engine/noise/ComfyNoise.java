package dev.weir.engine.noise;

/**
 * The noise of one image of a ComfyUI batch on a GPU. The first tensor of all images is drawn on the CPU. Steps draw tensors of all
 * images on the GPU, from another generator with the same seed ({@code prepare_noise} in comfy/sample.py, {@code
 * default_noise_sampler} in comfy/k_diffusion/sampling.py). Not thread-safe.
 */
final class ComfyNoise implements NoiseStream {

    /** What the first tensor counts as in a position. */
    private static final int FIRST = 4;

    private final int index;
    private final int batch;
    private final int mostBlocks;
    private NoisePosition position;

    ComfyNoise(NoisePosition position, int index, int batch, int mostBlocks) {
        this.position = position;
        this.index = index;
        this.batch = batch;
        this.mostBlocks = mostBlocks;
    }

    @Override
    public NoisePosition position() {
        return position;
    }

    @Override
    public NoiseStream at(NoisePosition other) {
        return new ComfyNoise(other, index, batch, mostBlocks);
    }

    /** An autoencoder's latents are the mean there. */
    @Override
    public boolean drawsPictures() {
        return false;
    }

    @Override
    public float[] normal(int count) {
        long seed = position.seed();
        if (position.drawn() == 0) {
            position = new NoisePosition(seed, FIRST, Double.NaN);
            return new TorchGenerator(NoisePosition.start(seed), index).normal(count);
        }
        var gpu = new CudaGenerator(new NoisePosition(seed, position.drawn() - FIRST, Double.NaN), mostBlocks);
        float[] values = gpu.part(index * count, count, batch * count);
        position = new NoisePosition(seed, gpu.position().drawn() + FIRST, Double.NaN);
        return values;
    }
}
