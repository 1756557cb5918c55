package dev.weir.engine.network;

import dev.weir.engine.RgbImage;
import dev.weir.engine.UnitImage;
import dev.weir.engine.Upscaler;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.backend.Feed;
import java.util.List;
import java.util.Optional;

/** Runs an {@link UpscalingNetwork}, large pictures in tiles that overlap. One device thread owns it. */
final class TiledUpscaler implements Upscaler {

    private static final int COLOR_BYTES = UpscalingNetwork.COLORS * Float.BYTES;
    private static final double HEAP_SHARE = 0.65;

    private final Executable network;
    private final UpscalingNetwork facts;
    private final Tiling tiling;

    TiledUpscaler(Executable network, UpscalingNetwork facts, Tiling tiling) {
        this.network = network;
        this.facts = facts;
        this.tiling = tiling;
    }

    /** The same network with other tiles. */
    TiledUpscaler with(Tiling other) {
        return new TiledUpscaler(network, facts, other);
    }

    @Override
    public int scale() {
        return facts.scale();
    }

    /**
     * A result that does not fit into the heap would end the process.
     *
     * @param tile side of a tile of the result
     * @param heap bytes
     * @throws IllegalArgumentException where it does not fit
     */
    static void requireRoom(long width, long height, int scale, int tile, long heap) {
        long pixels = width * height * scale * scale;
        // The result in numbers and in bytes, two rows of tiles, and the picture twice.
        double bytes = pixels * (COLOR_BYTES + 3.0)
                + 2.0 * COLOR_BYTES * tile * width * scale
                + 2.0 * COLOR_BYTES * width * height;
        if (bytes > HEAP_SHARE * heap) {
            throw new IllegalArgumentException(
                    "the enlarged picture has %d pixels, for which the Java heap of %d MiB has no room; WEIR_JAVA_OPTS=-Xmx… gives it more"
                            .formatted(pixels, heap >> 20));
        }
    }

    @Override
    public Enlargement begin(RgbImage picture) {
        requireRoom(
                picture.width(),
                picture.height(),
                scale(),
                tiling.tile(),
                Runtime.getRuntime().maxMemory());
        UnitImage seen = UnitImage.of(picture);
        float[] values = seen.values().clone();
        for (int i = 0; i < values.length; i++) {
            values[i] = values[i] / 2 + 0.5f;
        }
        BlendedTiles tiles = tiles(new Planes(UpscalingNetwork.COLORS, seen.height(), seen.width(), values));
        return new Enlargement() {

            @Override
            public boolean isDone() {
                return tiles.areDone();
            }

            @Override
            public void advance() {
                tiles.next();
            }

            @Override
            public Optional<RgbImage> picture() {
                return rgb(tiles.whole());
            }
        };
    }

    private static Optional<RgbImage> rgb(Planes large) {
        float[] values = large.values();
        for (int i = 0; i < values.length; i++) {
            values[i] = 2 * values[i] - 1;
        }
        return new UnitImage(large.width(), large.height(), values).rgb();
    }

    /** @param picture with values in [0, 1] */
    Planes upscaled(Planes picture) {
        BlendedTiles tiles = tiles(picture);
        while (!tiles.areDone()) {
            tiles.next();
        }
        return tiles.whole();
    }

    /** One tile for a small picture. Others work between two tiles, so a large picture has several even where one would fit. */
    private BlendedTiles tiles(Planes picture) {
        int height = picture.height();
        int width = picture.width();
        int side = Math.max(height, width);
        if (side * scale() <= tiling.tile()) {
            int tile = Tiling.whole(side);
            return new BlendedTiles(height, width, tile, tile * scale(), (top, left, h, w) -> forward(picture));
        }
        int tile = tiling.tile() / scale();
        return new BlendedTiles(
                height, width, tile, tile * scale(), (top, left, h, w) -> forward(picture.part(top, left, h, w)));
    }

    private Planes forward(Planes picture) {
        Planes in = picture.continued(facts.inputSquare());
        Feed feed =
                Feed.floats(bytes -> bytes.asFloatBuffer().put(in.values()), 1, in.channels(), in.height(), in.width());
        Planes out = network.run(UpscalingNetwork.METHOD, List.of(feed), bytes -> {
            Planes planes = new Planes(in.channels(), in.height() * scale(), in.width() * scale());
            bytes.asFloatBuffer().get(planes.values());
            return planes;
        });
        return out.part(0, 0, picture.height() * scale(), picture.width() * scale());
    }

    @Override
    public void close() {
        network.close();
    }
}
