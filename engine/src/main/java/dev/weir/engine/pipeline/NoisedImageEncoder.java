package dev.weir.engine.pipeline;

import dev.weir.engine.HostTensor;
import dev.weir.engine.ImageEncoder;
import dev.weir.engine.LatentDistribution;
import dev.weir.engine.Tensors;
import dev.weir.engine.image.Bitmap;
import java.util.List;

/**
 * An image encoder whose embeddings get noise. It gives the distribution of the noised embedding and draws no noise: that is drawn
 * where the run begins, so an embedding does not depend on a seed. Owned by one device thread, as the encoder is.
 */
public final class NoisedImageEncoder implements ImageEncoder {

    static final String MEAN = "mean";
    static final String DEVIATION = "deviation";

    private final ImageEncoder encoder;
    private final EmbeddingNoise noise;

    public NoisedImageEncoder(ImageEncoder encoder, EmbeddingNoise noise) {
        this.encoder = encoder;
        this.noise = noise;
    }

    @Override
    public float[] pixels(Bitmap picture) {
        return encoder.pixels(picture);
    }

    @Override
    public List<Tensors> encode(List<float[]> pixels) {
        return encoder.encode(pixels);
    }

    @Override
    public Tensors encodeZeros() {
        return encoder.encodeZeros();
    }

    @Override
    public Tensors noised(Tensors embedding, int noiseLevel) {
        LatentDistribution noised = noise.of(embedding.get(Tensors.IMAGE_EMBEDS).values(), noiseLevel);
        float[] deviation = noised.deviation().orElseThrow();
        return Tensors.of(MEAN, HostTensor.of(noised.mean(), noised.mean().length))
                .with(DEVIATION, HostTensor.of(deviation, deviation.length));
    }

    @Override
    public void close() {
        encoder.close();
    }
}
