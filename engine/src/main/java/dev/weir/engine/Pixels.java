package dev.weir.engine;

import dev.weir.engine.image.LatentPreview;
import java.util.List;
import java.util.Optional;

/**
 * The codec of models whose samples are pictures already. It has no network. Immutable; any thread.
 *
 * @param channels of a sample: 3 for RGB, 1 for grey
 * @param black the value of a sample where its picture is black
 * @param white the value where it is white
 */
public record Pixels(int channels, float black, float white) implements DirectCodec {

    private static final int COLORS = 3;

    /** From black at -1 to white at 1. */
    public static final Pixels RGB = new Pixels(COLORS, -1, 1);

    public Pixels {
        if (channels != 1 && channels != COLORS) {
            throw new IllegalArgumentException("pixels have 1 or 3 channels, not " + channels);
        }
    }

    @Override
    public LatentDistribution normalized(LatentDistribution samples) {
        return samples;
    }

    @Override
    public List<Optional<RgbImage>> decode(LatentShape shape, List<float[]> samples) {
        if (shape.channels() != channels || samples.stream().anyMatch(sample -> sample.length != shape.size())) {
            throw new IllegalArgumentException(
                    "samples of %s; the pictures have %d channels".formatted(shape, channels));
        }
        return samples.stream()
                .map(sample -> new UnitImage(shape.width(), shape.height(), unit(sample)).rgb())
                .toList();
    }

    /** Of RGB, in [-1, 1] from black to white. */
    private float[] unit(float[] sample) {
        float[] unit = new float[sample.length * (COLORS / channels)];
        for (int i = 0; i < unit.length; i++) {
            unit[i] = (sample[i % sample.length] - black) / (white - black) * 2 - 1;
        }
        return unit;
    }

    @Override
    public List<LatentDistribution> encode(List<UnitImage> pictures) {
        return pictures.stream()
                .map(picture -> new LatentDistribution(sample(picture), Optional.empty()))
                .toList();
    }

    /** Grey is the mean of the colors. */
    private float[] sample(UnitImage picture) {
        int area = picture.width() * picture.height();
        float[] sample = new float[channels * area];
        for (int i = 0; i < sample.length; i++) {
            float[] values = picture.values();
            float unit =
                    channels == COLORS ? values[i] : (values[i] + values[i + area] + values[i + 2 * area]) / COLORS;
            sample[i] = (unit + 1) / 2 * (white - black) + black;
        }
        return sample;
    }

    @Override
    public float[] normalized(float[] latents) {
        return latents;
    }

    /** Frames are the predicted samples as they are. */
    @Override
    public LatentPreview preview() {
        float slope = 2 / (white - black);
        float offset = -1 - black * slope;
        float[][] matrix = channels == COLORS
                ? new float[][] {{slope, 0, 0}, {0, slope, 0}, {0, 0, slope}}
                : new float[][] {{slope, slope, slope}};
        return new LatentPreview(matrix, new float[] {offset, offset, offset});
    }

    @Override
    public int scale() {
        return 1;
    }

    @Override
    public void close() {}
}
