package dev.weir.engine.pipeline;

import dev.weir.engine.HostTensor;
import dev.weir.engine.ImageEncoder;
import dev.weir.engine.Tensors;
import dev.weir.engine.image.Bitmap;
import dev.weir.engine.sampler.NoiseSchedule;
import java.util.List;

/**
 * An image encoder whose embeddings get noise of the level that a request says, in the space of the normalizer. It gives the
 * distribution of the noised embedding and draws no noise: that is drawn where the run begins, so an embedding does not depend on a
 * seed. Owned by one device thread, as the encoder is.
 */
public final class NoisedImageEncoder implements ImageEncoder {

    static final String MEAN = "mean";
    static final String DEVIATION = "deviation";

    private final ImageEncoder encoder;
    private final EmbeddingNormalizer normalizer;
    private final NoiseSchedule schedule;

    public NoisedImageEncoder(ImageEncoder encoder, EmbeddingNormalizer normalizer, NoiseSchedule schedule) {
        this.encoder = encoder;
        this.normalizer = normalizer;
        this.schedule = schedule;
    }

    @Override
    public List<Tensors> encode(List<Bitmap> pictures) {
        return encoder.encode(pictures);
    }

    @Override
    public Tensors noised(Tensors embedding, int noiseLevel) {
        if (noiseLevel < 0 || noiseLevel >= schedule.length()) {
            throw new IllegalArgumentException(
                    "noise_level must be between 0 and %d, not %d".formatted(schedule.length() - 1, noiseLevel));
        }
        float[] values = embedding.get(Tensors.IMAGE_EMBEDS).values();
        float alpha = schedule.alphaCumprod(noiseLevel);
        float signal = (float) Math.sqrt(alpha);
        float spread = (float) Math.sqrt(1 - alpha);
        float[] mean = new float[values.length];
        float[] deviation = new float[values.length];
        for (int i = 0; i < mean.length; i++) {
            float centre = normalizer.mean()[i];
            mean[i] = signal * (values[i] - centre) + centre;
            deviation[i] = spread * normalizer.deviation()[i];
        }
        return Tensors.of(MEAN, HostTensor.of(mean, mean.length))
                .with(DEVIATION, HostTensor.of(deviation, deviation.length));
    }

    @Override
    public void close() {
        encoder.close();
    }
}
