package dev.weir.engine;

import java.util.Optional;

/** A network that enlarges pictures in one forward (or one for each tile), as ESRGAN. One device thread calls it. */
public interface Upscaler extends AutoCloseable {

    /** By how much the sides of a picture grow. */
    int scale();

    /** The larger picture. Empty if a value of it is not finite. */
    Optional<RgbImage> upscale(RgbImage picture);

    @Override
    void close();
}
