package dev.weir.engine.control;

import dev.weir.engine.HostTensor;
import dev.weir.engine.image.Bitmap;
import dev.weir.engine.image.Preprocessor;
import dev.weir.engine.image.VaeImageProcessor;
import dev.weir.engine.image.VaeImageProcessor.Fit;

/** What a ControlNet sees of a picture. Stateless; any thread. */
public final class ControlPicture {

    private ControlPicture() {}

    /** The picture at the size that is made, {@code [3, height, width]} of 0 to 1. Transparent parts show what lies under them. */
    public static HostTensor of(Bitmap picture, int width, int height, Preprocessor preprocessor) {
        Bitmap sized = VaeImageProcessor.resize(picture.rgb(), width, height, Fit.STRETCH);
        return HostTensor.of(VaeImageProcessor.shares(preprocessor.of(sized)), Bitmap.RGB, height, width);
    }
}
