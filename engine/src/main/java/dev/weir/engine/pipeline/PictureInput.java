package dev.weir.engine.pipeline;

import dev.weir.engine.HostTensor;
import dev.weir.engine.UnitImage;
import dev.weir.engine.image.Bitmap;
import dev.weir.engine.image.VaeImageProcessor;
import java.util.Optional;

/**
 * What an autoencoder is given of the pictures of a request, at the size that is made. Samples hold it while they wait, so pictures stay
 * bytes, a quarter of their numbers. Immutable; any thread.
 *
 * @param marks white where the picture is painted; empty if nothing says what is
 * @param depth at the size of the latents, for networks that are told it
 * @param exact the picture where it has numbers that bytes do not have
 */
public record PictureInput(
        Bitmap picture, Optional<Bitmap> marks, Optional<HostTensor> depth, Optional<UnitImage> exact) {

    static PictureInput of(Bitmap picture) {
        return new PictureInput(picture, Optional.empty(), Optional.empty(), Optional.empty());
    }

    PictureInput with(HostTensor map) {
        return new PictureInput(picture, marks, Optional.of(map), exact);
    }

    public int width() {
        return picture.width();
    }

    public int height() {
        return picture.height();
    }

    UnitImage seen() {
        return exact.orElseGet(() -> new UnitImage(width(), height(), VaeImageProcessor.pixels(picture)));
    }

    /** The mask, 1 where the picture is painted; empty if nothing says what is. */
    Optional<float[]> painted() {
        return marks.map(VaeImageProcessor::mask);
    }

    /**
     * The mask at the size of the latents: each value is the one at the upper left of its pixels.
     *
     * @param painted at the size that is made
     */
    float[] reduced(float[] painted, int scale) {
        int across = width() / scale;
        float[] reduced = new float[across * (height() / scale)];
        for (int i = 0; i < reduced.length; i++) {
            reduced[i] = painted[i / across * scale * width() + i % across * scale];
        }
        return reduced;
    }

    /** The picture without the painted part, which is grey. */
    UnitImage kept(float[] painted) {
        return new UnitImage(width(), height(), VaeImageProcessor.masked(seen().values(), painted));
    }
}
