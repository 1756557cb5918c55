package dev.weir.engine;

import java.util.Optional;

/** A network that enlarges pictures in one forward (or one for each tile), as ESRGAN. One device thread calls it. */
public interface Upscaler extends AutoCloseable {

    /** By how much the sides of a picture grow. */
    int scale();

    /**
     * Begins with a picture. Computes nothing yet.
     *
     * @throws IllegalArgumentException where the Java heap has no room for the result
     */
    Enlargement begin(RgbImage picture);

    /** The larger picture. Empty if a value of it is not finite. */
    default Optional<RgbImage> upscale(RgbImage picture) {
        Enlargement enlargement = begin(picture);
        while (!enlargement.isDone()) {
            enlargement.advance();
        }
        return enlargement.picture();
    }

    /** A picture that is being enlarged, tile by tile. */
    interface Enlargement {

        /** Whether all tiles are there. */
        boolean isDone();

        /** Computes the next tile. */
        void advance();

        /** The larger picture, when it is done; asked once. Empty if a value of it is not finite. */
        Optional<RgbImage> picture();
    }

    @Override
    void close();
}
