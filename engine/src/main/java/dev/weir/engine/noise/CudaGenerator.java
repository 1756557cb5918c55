package dev.weir.engine.noise;

/**
 * The noise that PyTorch draws on a CUDA device for a seed: {@code torch.randn(count, generator=...)} in float32.
 *
 * <p>The words are the same. The normal numbers agree within 2e-6: the device's sine is an approximation.
 *
 * <p>On the device, threads draw in parallel, four normal numbers at a time, each from its own subsequence of {@link
 * Philox}. Number {@code i} of a tensor comes from thread {@code i % threads}, so the numbers of a tensor with more
 * elements than the device's largest grid has threads depend on the device. See {@code calc_execution_policy} in ATen's
 * native/cuda/DistributionTemplates.h and {@code _curand_box_muller} in cuRAND's curand_normal.h. Not thread-safe.
 */
final class CudaGenerator implements NoiseStream {

    private static final int BLOCK_THREADS = 256;
    private static final int PER_CALL = 4;
    private static final float INVERSE_2_POW_32 = 0x1p-32f;
    private static final float TWO_PI_INVERSE_2_POW_32 = INVERSE_2_POW_32 * (float) (2 * Math.PI);

    private final long seed;
    private final int mostBlocks;
    private long drawn;

    /**
     * @param mostBlocks blocks of 256 threads that the device holds at once: its multiprocessors times their resident
     *     threads divided by 256
     */
    CudaGenerator(NoisePosition position, int mostBlocks) {
        if (position.drawn() % PER_CALL != 0) {
            throw new IllegalArgumentException(
                    "CUDA noise is drawn %d words at a time, so it does not continue after %d"
                            .formatted(PER_CALL, position.drawn()));
        }
        seed = position.seed();
        drawn = position.drawn();
        this.mostBlocks = mostBlocks;
    }

    @Override
    public NoisePosition position() {
        return new NoisePosition(seed, drawn, Double.NaN);
    }

    @Override
    public NoiseStream at(NoisePosition position) {
        return new CudaGenerator(position, mostBlocks);
    }

    @Override
    public float[] normal(int count) {
        return part(0, count, count);
    }

    /** Some numbers of a tensor. The position is then after the whole tensor. */
    float[] part(int from, int count, int whole) {
        float[] values = new float[count];
        if (whole == 0) {
            return values;
        }
        int blocks = Math.min(mostBlocks, (whole - 1) / BLOCK_THREADS + 1);
        int threads = blocks * BLOCK_THREADS;
        for (int i = 0; i < count; i++) {
            int turn = (from + i) / threads;
            int[] words = Philox.words(seed, (from + i) % threads, drawn / PER_CALL + turn / PER_CALL);
            values[i] = normal(words, turn % PER_CALL);
        }
        drawn += PER_CALL * (long) ((whole - 1) / threads / PER_CALL + 1);
        return values;
    }

    /** One of the four normal numbers of four words: sines at even places and cosines at odd ones. */
    private static float normal(int[] words, int place) {
        int pair = place / 2 * 2;
        float uniform = Math.fma(unsigned(words[pair]), INVERSE_2_POW_32, INVERSE_2_POW_32 / 2);
        float angle = Math.fma(unsigned(words[pair + 1]), TWO_PI_INVERSE_2_POW_32, TWO_PI_INVERSE_2_POW_32 / 2);
        float radius = (float) Math.sqrt(-2 * (float) Math.log(uniform));
        return radius * (float) (place == pair ? Math.sin(angle) : Math.cos(angle));
    }

    private static float unsigned(int word) {
        return Integer.toUnsignedLong(word);
    }
}
