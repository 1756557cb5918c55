package dev.weir.engine.network;

import dev.weir.engine.ImageCodec;
import dev.weir.engine.LatentShape;
import dev.weir.engine.RgbImage;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.backend.Feed;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Runs an {@link AutoencoderKl} both ways. */
final class KlImageCodec implements ImageCodec {

    private final Executable network;
    private final AutoencoderKl.Options options;

    KlImageCodec(Executable network, AutoencoderKl.Options options) {
        this.network = network;
        this.options = options;
    }

    @Override
    public List<Optional<RgbImage>> decode(LatentShape shape, List<float[]> latents) {
        if (latents.isEmpty()) {
            return List.of();
        }
        if (shape.channels() != options.latentChannels()
                || latents.stream().anyMatch(latent -> latent.length != shape.size())) {
            throw new IllegalArgumentException(
                    "latents of %s; the decoder takes %d channels".formatted(shape, options.latentChannels()));
        }
        var batch = Feed.floats(
                bytes -> {
                    var out = bytes.asFloatBuffer();
                    latents.forEach(out::put);
                },
                latents.size(),
                shape.channels(),
                shape.height(),
                shape.width());
        int width = shape.width() * scale();
        int height = shape.height() * scale();
        return network.run(
                AutoencoderKl.DECODE, List.of(batch), pixels -> images(pixels, latents.size(), width, height));
    }

    /** Each row is its pixels and a byte that says whether its values were finite. */
    private static List<Optional<RgbImage>> images(ByteBuffer rows, int count, int width, int height) {
        var images = new ArrayList<Optional<RgbImage>>();
        int size = 3 * width * height;
        for (int i = 0; i < count; i++) {
            int start = i * (size + 1);
            if (rows.get(start + size) == 1) {
                var rgb = new byte[size];
                rows.get(start, rgb);
                images.add(Optional.of(new RgbImage(width, height, rgb)));
            } else {
                images.add(Optional.empty());
            }
        }
        return images;
    }

    @Override
    public List<float[]> encode(List<RgbImage> images) {
        if (images.isEmpty()) {
            return List.of();
        }
        int width = images.get(0).width();
        int height = images.get(0).height();
        if (width % scale() != 0 || height % scale() != 0) {
            throw new IllegalArgumentException(
                    "an image of %dx%d; the encoder takes multiples of %d".formatted(width, height, scale()));
        }
        if (images.stream().anyMatch(image -> image.width() != width || image.height() != height)) {
            throw new IllegalArgumentException("images of one forward must have one size");
        }
        var batch = Feed.bytes(
                bytes -> images.forEach(image -> bytes.put(image.pixels())), images.size(), height, width, 3);
        int size = options.latentChannels() * (height / scale()) * (width / scale());
        return network.run(AutoencoderKl.ENCODE, List.of(batch), means -> latents(means, images.size(), size));
    }

    private static List<float[]> latents(ByteBuffer means, int count, int size) {
        var latents = new ArrayList<float[]>();
        for (int i = 0; i < count; i++) {
            var latent = new float[size];
            means.asFloatBuffer().get(i * size, latent);
            latents.add(latent);
        }
        return latents;
    }

    @Override
    public int scale() {
        return options.scale();
    }

    @Override
    public void close() {
        network.close();
    }
}
