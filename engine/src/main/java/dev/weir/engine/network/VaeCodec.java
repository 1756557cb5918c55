package dev.weir.engine.network;

import dev.weir.engine.ImageCodec;
import dev.weir.engine.LatentDistribution;
import dev.weir.engine.LatentShape;
import dev.weir.engine.RgbImage;
import dev.weir.engine.UnitImage;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.backend.Feed;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Runs an autoencoder both ways, in as many forwards as its {@link Tiling} wants. One device thread owns it. */
final class VaeCodec implements ImageCodec {

    private static final float LEAST_LOG_VARIANCE = -30;
    private static final float MOST_LOG_VARIANCE = 20;

    private final Executable network;
    private final Codec codec;
    private final Tiling tiling;
    private final boolean masked;

    /** @param masked whether the network has a way to decode beside a known picture */
    VaeCodec(Executable network, Codec codec, Tiling tiling, boolean masked) {
        this.network = network;
        this.codec = codec;
        this.tiling = tiling;
        this.masked = masked;
    }

    @Override
    public List<Optional<RgbImage>> decode(LatentShape shape, List<float[]> latents) {
        return decode(shape, latents, List.of());
    }

    @Override
    public List<Optional<RgbImage>> decode(LatentShape shape, List<float[]> latents, List<Known> known) {
        return pictures(shape, latents, known).stream().map(UnitImage::rgb).toList();
    }

    List<UnitImage> pictures(LatentShape shape, List<float[]> latents, List<Known> known) {
        check(shape, latents, known);
        int height = shape.height() * scale();
        int width = shape.width() * scale();
        boolean looks = masked && !known.isEmpty();
        var inputs = new ArrayList<List<Planes>>();
        for (int i = 0; i < latents.size(); i++) {
            var values = codec.latentScale().raw(latents.get(i));
            var raw = new Planes(shape.channels(), shape.height(), shape.width(), values);
            inputs.add(looks ? List.of(raw, picture(known.get(i)), mask(known.get(i))) : List.of(raw));
        }
        var way = new Way(looks ? Codec.DECODE_KNOWN : Codec.DECODE, 3);
        return outputs(way, inputs, shape.height(), shape.width(), height, width).stream()
                .map(planes -> new UnitImage(width, height, planes.values()))
                .toList();
    }

    @Override
    public boolean seesKnownPictures() {
        return masked;
    }

    @Override
    public List<LatentDistribution> encode(List<UnitImage> pictures) {
        if (pictures.isEmpty()) {
            return List.of();
        }
        int width = pictures.get(0).width();
        int height = pictures.get(0).height();
        if (width % scale() != 0 || height % scale() != 0) {
            throw new IllegalArgumentException(
                    "an image of %dx%d; the encoder takes multiples of %d".formatted(width, height, scale()));
        }
        if (pictures.stream().anyMatch(picture -> picture.width() != width || picture.height() != height)) {
            throw new IllegalArgumentException("images of one forward must have one size");
        }
        var inputs = pictures.stream()
                .map(picture -> List.of(new Planes(3, height, width, picture.values())))
                .toList();
        var way = new Way(Codec.ENCODE, codec.channels() * (codec.uncertain() ? 2 : 1));
        return outputs(way, inputs, height, width, height / scale(), width / scale()).stream()
                .map(planes -> distribution(planes.values()))
                .toList();
    }

    private LatentDistribution distribution(float[] moments) {
        if (!codec.uncertain()) {
            return new LatentDistribution(moments, Optional.empty());
        }
        int size = moments.length / 2;
        var deviation = new float[size];
        for (int i = 0; i < size; i++) {
            float logVariance = Math.min(MOST_LOG_VARIANCE, Math.max(LEAST_LOG_VARIANCE, moments[size + i]));
            deviation[i] = (float) Math.exp(0.5f * logVariance);
        }
        return new LatentDistribution(Arrays.copyOf(moments, size), Optional.of(deviation));
    }

    /** A method of the network, and how many channels its result has. */
    private record Way(String method, int channels) {}

    /**
     * The network's outputs.
     *
     * @param inputs of each row; the first decides the places of tiles, and others are larger by a whole factor
     */
    private List<Planes> outputs(
            Way way, List<List<Planes>> inputs, int height, int width, int outHeight, int outWidth) {
        var outputs = new ArrayList<Planes>();
        int largeHeight = Math.max(height, outHeight);
        int largeWidth = Math.max(width, outWidth);
        if (tiling.fits(largeHeight, largeWidth)) {
            int rows = tiling.rows(largeHeight, largeWidth);
            for (int i = 0; i < inputs.size(); i += rows) {
                var batch = inputs.subList(i, Math.min(inputs.size(), i + rows));
                outputs.addAll(forward(way, batch, outHeight, outWidth));
            }
            return outputs;
        }
        int inTile = tiling.tile() * height / largeHeight;
        int outTile = tiling.tile() * outHeight / largeHeight;
        for (var input : inputs) {
            outputs.add(Tiling.blended(height, width, inTile, outTile, (top, left, h, w) -> {
                var tile = input.stream()
                        .map(planes -> tile(planes, height, top, left, h, w))
                        .toList();
                var first = tile.get(0);
                int tall = first.height() * outTile / inTile;
                int wide = first.width() * outTile / inTile;
                return forward(way, List.of(tile), tall, wide).get(0);
            }));
        }
        return outputs;
    }

    /** A part, in the measure of an input of some height. */
    private static Planes tile(Planes planes, int height, int top, int left, int tall, int wide) {
        int factor = planes.height() / height;
        return planes.part(factor * top, factor * left, factor * tall, factor * wide);
    }

    private List<Planes> forward(Way way, List<List<Planes>> rows, int height, int width) {
        var feeds = new ArrayList<Feed>();
        for (int i = 0; i < rows.get(0).size(); i++) {
            int input = i;
            feeds.add(feed(rows.stream().map(row -> row.get(input)).toList()));
        }
        return network.run(way.method(), feeds, out -> split(out, rows.size(), way.channels(), height, width));
    }

    private static Feed feed(List<Planes> rows) {
        var first = rows.get(0);
        return Feed.floats(
                bytes -> {
                    var out = bytes.asFloatBuffer();
                    rows.forEach(row -> out.put(row.values()));
                },
                rows.size(),
                first.channels(),
                first.height(),
                first.width());
    }

    private static List<Planes> split(ByteBuffer out, int rows, int channels, int height, int width) {
        var floats = out.asFloatBuffer();
        var split = new ArrayList<Planes>();
        for (int i = 0; i < rows; i++) {
            var planes = new Planes(channels, height, width);
            floats.get(planes.values());
            split.add(planes);
        }
        return split;
    }

    private static Planes picture(Known known) {
        var picture = known.picture();
        return new Planes(3, picture.height(), picture.width(), picture.values());
    }

    private static Planes mask(Known known) {
        return new Planes(1, known.picture().height(), known.picture().width(), known.mask());
    }

    private void check(LatentShape shape, List<float[]> latents, List<Known> known) {
        if (shape.channels() != codec.channels()
                || latents.stream().anyMatch(latent -> latent.length != shape.size())) {
            throw new IllegalArgumentException(
                    "latents of %s; the decoder takes %d channels".formatted(shape, codec.channels()));
        }
        if (!known.isEmpty() && known.size() != latents.size()) {
            throw new IllegalArgumentException("%d pictures for %d latents".formatted(known.size(), latents.size()));
        }
        for (var one : known) {
            var picture = one.picture();
            if (picture.height() != shape.height() * scale()
                    || picture.width() != shape.width() * scale()
                    || one.mask().length != picture.height() * picture.width()) {
                throw new IllegalArgumentException("a picture of %dx%d with a mask of %d values for latents of %s"
                        .formatted(picture.width(), picture.height(), one.mask().length, shape));
            }
        }
    }

    @Override
    public float[] normalized(float[] latents) {
        return codec.latentScale().normalized(latents);
    }

    @Override
    public LatentDistribution normalized(LatentDistribution latents) {
        return new LatentDistribution(
                normalized(latents.mean()), latents.deviation().map(codec.latentScale()::stretched));
    }

    @Override
    public int scale() {
        return codec.scale();
    }

    @Override
    public void close() {
        network.close();
    }
}
