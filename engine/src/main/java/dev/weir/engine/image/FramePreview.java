package dev.weir.engine.image;

import dev.weir.engine.LatentShape;
import dev.weir.engine.RgbImage;

/** A cheap frame of what emerges, without a network. Immutable; any thread. */
public interface FramePreview {

    /**
     * @param original the predicted sample without noise
     * @param enlargement pixels of the frame for each of the sample's, where it has pixels
     */
    RgbImage image(LatentShape shape, float[] original, int enlargement);
}
