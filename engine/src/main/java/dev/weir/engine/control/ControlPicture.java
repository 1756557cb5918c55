package dev.weir.engine.control;

import dev.weir.engine.HostTensor;
import dev.weir.engine.image.Bitmap;
import dev.weir.engine.image.Preprocessor;
import dev.weir.engine.image.VaeImageProcessor;
import dev.weir.engine.image.VaeImageProcessor.Fit;

/**
 * What a ControlNet sees of a picture. Rows hold it while they wait, so it stays as bytes, a quarter of its tensor. Immutable.
 *
 * @param picture of three channels, at the size that is made
 */
public record ControlPicture(Bitmap picture) {

    /** Transparent parts show what lies under them. */
    public static ControlPicture of(Bitmap picture, int width, int height, Preprocessor preprocessor) {
        Bitmap sized = VaeImageProcessor.resize(picture.rgb(), width, height, Fit.STRETCH);
        return new ControlPicture(preprocessor.of(sized).rgb());
    }

    /** {@code [3, height, width]} of 0 to 1. */
    public HostTensor tensor() {
        return HostTensor.of(VaeImageProcessor.shares(picture), Bitmap.RGB, picture.height(), picture.width());
    }
}
