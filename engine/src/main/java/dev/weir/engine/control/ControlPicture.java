package dev.weir.engine.control;

import dev.weir.engine.HostTensor;
import dev.weir.engine.image.Bitmap;
import dev.weir.engine.image.Preprocessor;
import dev.weir.engine.image.VaeImageProcessor;
import dev.weir.engine.image.VaeImageProcessor.Fit;

/**
 * What a ControlNet or T2I-Adapter sees of a picture. Rows hold it while they wait, so it stays as bytes, a quarter of its tensor. Immutable.
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

    /**
     * Squares of pixels, as torch's {@code PixelUnshuffle} gives them: {@code [channels * side², height / side, width / side]} of 0 to 1.
     * The picture is stretched to whole squares.
     *
     * @param channels 3, or 1 for grey
     * @param side of a square
     */
    public HostTensor parts(int channels, int side) {
        int height = (picture.height() + side - 1) / side;
        int width = (picture.width() + side - 1) / side;
        Bitmap whole = VaeImageProcessor.resize(picture, width * side, height * side, Fit.STRETCH);
        float[] shares = VaeImageProcessor.shares(channels == Bitmap.GREY ? whole.grey() : whole);
        float[] parts = new float[channels * side * side * height * width];
        int next = 0;
        for (int part = 0; part < channels * side * side; part++) {
            int channel = part / (side * side);
            int down = part / side % side;
            for (int y = 0; y < height; y++) {
                int line = (channel * whole.height() + y * side + down) * whole.width() + part % side;
                for (int x = 0; x < width; x++) {
                    parts[next++] = shares[line + x * side];
                }
            }
        }
        return HostTensor.of(parts, channels * side * side, height, width);
    }
}
