package dev.weir.engine.noise;

/**
 * The noise that PyTorch's CPU generator draws for a seed: {@code torch.randn(count, generator=...)} in float32.
 *
 * <p>The integers are the same; the normal numbers agree within 1e-6, as PyTorch's own do between its scalar and its
 * vector code. Both of its ways are Box-Muller (Box and Muller 1958): draws of 16 and more pair the halves of blocks of
 * 16 in float32, smaller ones go number by number in float64. See {@code normal_fill} in ATen's
 * DistributionTemplates.h and {@code normal_distribution} in DistributionsHelper.h. Not thread-safe.
 */
public final class TorchGenerator implements NoiseStream {

    private static final int BLOCK = 16;
    private static final int HALF = BLOCK / 2;
    private static final float TWO_PI = (float) (2 * Math.PI);

    private final long seed;
    private final MersenneTwister twister;
    /** Tensors of the size of the first draw that belong to other images of its batch. */
    private final int index;

    private double spare;

    public TorchGenerator(long seed) {
        this(NoisePosition.start(seed));
    }

    /** A generator that continues at this position. */
    public TorchGenerator(NoisePosition position) {
        this(position, 0);
    }

    /** The same for an image of a batch: its first draw is a part of one tensor, a multiple of 16 for each image. */
    TorchGenerator(NoisePosition position, int index) {
        this.index = index;
        seed = position.seed();
        twister = new MersenneTwister(seed);
        twister.skip(position.drawn());
        spare = position.spare();
    }

    @Override
    public NoisePosition position() {
        return new NoisePosition(seed, twister.drawn(), spare);
    }

    @Override
    public NoiseStream at(NoisePosition position) {
        return new TorchGenerator(position, index);
    }

    @Override
    public float[] normal(int count) {
        if (twister.drawn() == 0) {
            twister.skip((long) index * count);
        }
        float[] values = new float[count];
        if (count < BLOCK) {
            for (int i = 0; i < count; i++) {
                values[i] = (float) single();
            }
            return values;
        }
        fillUniform(values, 0);
        for (int start = 0; start <= count - BLOCK; start += BLOCK) {
            blockToNormal(values, start);
        }
        if (count % BLOCK != 0) {
            // A last block that does not fit is drawn again, over the end of the block before it.
            fillUniform(values, count - BLOCK);
            blockToNormal(values, count - BLOCK);
        }
        return values;
    }

    /** The next word of the integer stream. */
    int word() {
        return twister.next();
    }

    /** One uniform number of [0, 1) with 53 random bits, as {@code torch.rand} draws it in float64. */
    double uniformDouble() {
        long high = Integer.toUnsignedLong(word());
        long low = Integer.toUnsignedLong(word());
        return ((high << 32 | low) & (1L << 53) - 1) * 0x1p-53;
    }

    private void fillUniform(float[] values, int from) {
        for (int i = from; i < values.length; i++) {
            values[i] = (word() & (1 << 24) - 1) * 0x1p-24f;
        }
    }

    private static void blockToNormal(float[] values, int start) {
        for (int i = start; i < start + HALF; i++) {
            double radius = Math.sqrt(-2 * Math.log(1 - values[i]));
            // The angle is rounded to float32 there too: at radius 5 that moves the result by more than 1e-6.
            float angle = TWO_PI * values[i + HALF];
            values[i] = (float) (radius * Math.cos(angle));
            values[i + HALF] = (float) (radius * Math.sin(angle));
        }
    }

    private double single() {
        if (!Double.isNaN(spare)) {
            double waiting = spare;
            spare = Double.NaN;
            return waiting;
        }
        double angle = 2 * Math.PI * uniformDouble();
        double radius = Math.sqrt(-2 * Math.log1p(-uniformDouble()));
        spare = radius * Math.sin(angle);
        return radius * Math.cos(angle);
    }
}
