package dev.weir.engine.network;

import dev.weir.engine.RgbImage;
import dev.weir.engine.UnitImage;
import dev.weir.engine.Upscaler;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.backend.Feed;
import java.util.List;
import java.util.Optional;

/** Runs an {@link UpscalingNetwork}, in tiles that overlap where the device has no memory for the whole picture. One device thread owns it. */
final class TiledUpscaler implements Upscaler {

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

    @Override
    public Optional<RgbImage> upscale(RgbImage picture) {
        UnitImage seen = UnitImage.of(picture);
        float[] values = seen.values().clone();
        for (int i = 0; i < values.length; i++) {
            values[i] = values[i] / 2 + 0.5f;
        }
        Planes large = upscaled(new Planes(UpscalingNetwork.COLORS, seen.height(), seen.width(), values));
        for (int i = 0; i < large.values().length; i++) {
            large.values()[i] = 2 * large.values()[i] - 1;
        }
        return new UnitImage(large.width(), large.height(), large.values()).rgb();
    }

    /** @param picture with values in [0, 1] */
    Planes upscaled(Planes picture) {
        int height = picture.height();
        int width = picture.width();
        if (tiling.fits(height * scale(), width * scale())) {
            return forward(picture);
        }
        int tile = tiling.tile() / scale();
        return Tiling.blended(
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
