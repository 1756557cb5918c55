package dev.weir.engine.image;

import dev.weir.picture.Orientation;

/** Turns pictures as their orientation says. Stateless; any thread. */
final class Upright {

    private Upright() {}

    static Bitmap turned(Bitmap image, Orientation orientation) {
        if (orientation.equals(Orientation.UPRIGHT)) {
            return image;
        }
        boolean transposed = orientation.transposed();
        int width = transposed ? image.height() : image.width();
        int height = transposed ? image.width() : image.height();
        int channels = image.channels();
        var out = Bitmap.black(width, height, channels);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int column = orientation.leftRight() ? width - 1 - x : x;
                int row = orientation.upDown() ? height - 1 - y : y;
                int from = transposed ? column * image.width() + row : row * image.width() + column;
                System.arraycopy(image.values(), from * channels, out.values(), (y * width + x) * channels, channels);
            }
        }
        return out;
    }
}
