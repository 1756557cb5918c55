package dev.weir.engine.diffusion;

import dev.weir.engine.HostTensor;
import dev.weir.engine.LatentShape;
import dev.weir.engine.Tensors;
import dev.weir.engine.image.Bilinear;
import dev.weir.engine.noise.NoiseSource;
import dev.weir.engine.sampler.NoiseSchedule;
import dev.weir.engine.sampler.Sampler;
import dev.weir.engine.sampler.SamplerState;

/**
 * The start of a sample's run: pure noise, drawn from the sample's own source.
 *
 * @param inputs what the network takes besides the sample and the prompt, constant over the run
 */
public record RowStart(SamplerState state, Tensors inputs) {

    /** The start of a text-to-image run of one latent of this shape. */
    public static RowStart fromNoise(Sampler sampler, LatentShape shape, NoiseSource noise) {
        return new RowStart(noisiest(sampler, shape, noise), Tensors.NONE);
    }

    /** The same with less noise than the schedule says: what is drawn is multiplied by a temperature. */
    public static RowStart fromNoise(Sampler sampler, LatentShape shape, NoiseSource noise, float temperature) {
        float[] sample = noisiest(sampler, shape, noise).sample().clone();
        for (int i = 0; i < sample.length; i++) {
            sample[i] *= temperature;
        }
        return new RowStart(SamplerState.start(sample), Tensors.NONE);
    }

    /** The start of a run that goes on where another one stopped: from its latent, without more noise. */
    public static RowStart fromLatent(HostTensor latent) {
        return new RowStart(SamplerState.start(latent.values().clone()), Tensors.NONE);
    }

    /**
     * The start of an upsampler's run. The base latent is enlarged, augmented with noise (Ho et al. 2021, arXiv
     * 2106.15282) and shown to the network beside the sample; its noise is drawn before the sample's.
     *
     * @param schedule of the augmentation, the upsampler's own
     * @param base shape of the base latent
     * @param noiseLevel timestep of the schedule whose noise the augmentation adds, and the network's class label
     */
    public static RowStart upsampling(
            Sampler sampler,
            NoiseSchedule schedule,
            LatentShape base,
            float[] latent,
            int factor,
            int noiseLevel,
            NoiseSource noise) {
        LatentShape shape = new LatentShape(base.channels(), factor * base.height(), factor * base.width());
        float[] enlarged = Bilinear.enlarge(base, latent, factor);
        HostTensor beside = HostTensor.of(enlarged, shape.channels(), shape.height(), shape.width());
        return augmented(sampler, shape, schedule, beside, noiseLevel, noise);
    }

    /**
     * The start of a run whose network sees something with noise beside the sample, and is told how much noise that is.
     *
     * @param beside without its noise, which is drawn before the sample's; {@code [channels, height, width]} as high and wide as the
     *     sample
     */
    public static RowStart augmented(
            Sampler sampler,
            LatentShape shape,
            NoiseSchedule schedule,
            HostTensor beside,
            int noiseLevel,
            NoiseSource noise) {
        if (noiseLevel < 0 || noiseLevel >= schedule.length()) {
            throw new IllegalArgumentException(
                    "noise level must be between 0 and %d, not %d".formatted(schedule.length() - 1, noiseLevel));
        }
        if (beside.side(1) != shape.height() || beside.side(2) != shape.width()) {
            throw new IllegalArgumentException("%s does not fit beside %s".formatted(beside.shape(), shape));
        }
        float[] augmented = schedule.addNoise(beside.values(), noise.normal(beside.values().length), noiseLevel);
        var inputs = Tensors.of(Tensors.CONCAT, new HostTensor(beside.shape(), augmented))
                .with(Tensors.CLASS_LABELS, HostTensor.number(noiseLevel));
        return new RowStart(noisiest(sampler, shape, noise), inputs);
    }

    /** The same with more inputs. */
    public RowStart with(Tensors more) {
        return new RowStart(state, inputs.with(more));
    }

    private static SamplerState noisiest(Sampler sampler, LatentShape shape, NoiseSource noise) {
        float[] sample = noise.normal(shape.size());
        float scale = sampler.initialNoiseScale();
        for (int i = 0; i < sample.length; i++) {
            sample[i] *= scale;
        }
        return SamplerState.start(sample);
    }
}
