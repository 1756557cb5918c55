package dev.weir.engine.network;

/** Squares of pixels as channels, as PyTorch's {@code pixel_unshuffle} and {@code pixel_shuffle} have them. Stateless. */
final class Squares {

    private Squares() {}

    /** Each square of pixels as one pixel. Sides that are no multiple of the square's are continued by their mirror image. */
    static Planes folded(Planes picture, int side) {
        if (side == 1) {
            return picture;
        }
        int height = (picture.height() + side - 1) / side;
        int width = (picture.width() + side - 1) / side;
        Planes folded = new Planes(picture.channels() * side * side, height, width);
        for (int channel = 0; channel < folded.channels(); channel++) {
            int from = channel / (side * side);
            int dy = channel / side % side;
            int dx = channel % side;
            for (int y = 0; y < height; y++) {
                int row = (from * picture.height() + mirrored(y * side + dy, picture.height())) * picture.width();
                for (int x = 0; x < width; x++) {
                    folded.values()[(channel * height + y) * width + x] =
                            picture.values()[row + mirrored(x * side + dx, picture.width())];
                }
            }
        }
        return folded;
    }

    /** The opposite, with the nearest pixel of a picture added to each pixel. */
    static Planes unfolded(Planes folded, int side, Planes base) {
        Planes large = new Planes(folded.channels() / (side * side), folded.height() * side, folded.width() * side);
        for (int channel = 0; channel < large.channels(); channel++) {
            for (int y = 0; y < large.height(); y++) {
                for (int x = 0; x < large.width(); x++) {
                    int square = (channel * side + y % side) * side + x % side;
                    int place = y / side * folded.width() + x / side;
                    large.values()[(channel * large.height() + y) * large.width() + x] = folded.values()[
                                    square * folded.height() * folded.width() + place]
                            + base.values()[channel * base.height() * base.width() + place];
                }
            }
        }
        return large;
    }

    /** A place in a row, where places beyond its end go back from its last but one. */
    private static int mirrored(int place, int length) {
        int period = Math.max(1, 2 * (length - 1));
        int within = place % period;
        return within < length ? within : period - within;
    }
}
