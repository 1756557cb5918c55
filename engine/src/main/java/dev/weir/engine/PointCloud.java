package dev.weir.engine;

import dev.weir.engine.image.PlyWriter;
import dev.weir.engine.image.PointPicture;
import java.util.List;
import java.util.Optional;

/**
 * The codec of models whose samples are clouds of points {@code [3, 1, points]}: it shows them as pictures, and writes them as PLY. It has
 * no network, and sees no pictures. Immutable; any thread.
 *
 * @param mean of the points that the network was trained on, before they were divided by {@code std}
 */
public record PointCloud(List<Double> mean, double std) implements DirectCodec {

    private static final int AXES = 3;

    public PointCloud {
        mean = List.copyOf(mean);
    }

    @Override
    public PointPicture preview() {
        return new PointPicture();
    }

    @Override
    public List<Optional<RgbImage>> decode(LatentShape shape, List<float[]> samples) {
        requirePoints(shape);
        return samples.stream()
                .map(sample -> Finite.all(sample)
                        ? Optional.of(preview().image(shape, sample, 1))
                        : Optional.<RgbImage>empty())
                .toList();
    }

    private static void requirePoints(LatentShape shape) {
        if (shape.channels() != AXES) {
            throw new IllegalArgumentException("samples of %s; points have 3 coordinates".formatted(shape));
        }
    }

    /** As the training data was. */
    @Override
    public Optional<byte[]> points(LatentShape shape, float[] sample) {
        requirePoints(shape);
        int count = sample.length / AXES;
        float[] points = new float[sample.length];
        for (int i = 0; i < points.length; i++) {
            points[i] = sample[i] * (float) std + mean.get(i / count).floatValue();
        }
        return Optional.of(PlyWriter.write(points));
    }

    @Override
    public List<LatentDistribution> encode(List<UnitImage> pictures) {
        throw new IllegalArgumentException("models of points see no pictures");
    }

    @Override
    public float[] normalized(float[] latents) {
        return latents;
    }

    @Override
    public LatentDistribution normalized(LatentDistribution latents) {
        return latents;
    }

    @Override
    public int scale() {
        return 1;
    }

    @Override
    public void close() {}
}
