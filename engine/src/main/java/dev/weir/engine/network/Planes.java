package dev.weir.engine.network;

/** An image or a latent, {@code [channels, height, width]}. */
record Planes(int channels, int height, int width, float[] values) {

    Planes(int channels, int height, int width) {
        this(channels, height, width, new float[channels * height * width]);
    }

    /** A part that begins at a place; smaller where it would reach beyond the edges. */
    Planes part(int top, int left, int wantedHeight, int wantedWidth) {
        var part = new Planes(channels, Math.min(wantedHeight, height - top), Math.min(wantedWidth, width - left));
        for (int row = 0; row < channels * part.height; row++) {
            int from = (row / part.height * height + top + row % part.height) * width + left;
            System.arraycopy(values, from, part.values, row * part.width, part.width);
        }
        return part;
    }

    /** Continued by its mirror image at the bottom and the right, until a number divides both sides. */
    Planes continued(int divisor) {
        int newHeight = (height + divisor - 1) / divisor * divisor;
        int newWidth = (width + divisor - 1) / divisor * divisor;
        if (newHeight == height && newWidth == width) {
            return this;
        }
        var continued = new Planes(channels, newHeight, newWidth);
        for (int row = 0; row < channels * newHeight; row++) {
            int from = (row / newHeight * height + mirrored(row % newHeight, height)) * width;
            for (int x = 0; x < newWidth; x++) {
                continued.values[row * newWidth + x] = values[from + mirrored(x, width)];
            }
        }
        return continued;
    }

    /** A place in a row, where places beyond its end go back from its last but one. */
    private static int mirrored(int place, int length) {
        int period = Math.max(1, 2 * (length - 1));
        int within = place % period;
        return within < length ? within : period - within;
    }

    /** Writes the upper left corner of a part to a place. */
    void put(Planes part, int top, int left, int partHeight, int partWidth) {
        for (int channel = 0; channel < channels; channel++) {
            for (int y = 0; y < partHeight; y++) {
                int from = (channel * part.height + y) * part.width;
                System.arraycopy(part.values, from, values, (channel * height + top + y) * width + left, partWidth);
            }
        }
    }

    /** Blends the first rows with the last ones of the part above. */
    void blendBelow(Planes above, int most) {
        int extent = Math.min(most, Math.min(above.height, height));
        for (int channel = 0; channel < channels; channel++) {
            for (int y = 0; y < extent; y++) {
                int here = (channel * height + y) * width;
                int there = (channel * above.height + above.height - extent + y) * above.width;
                for (int x = 0; x < width; x++) {
                    blend(here + x, above.values[there + x], y / (double) extent);
                }
            }
        }
    }

    /** Blends the first columns with the last ones of the part at the left. */
    void blendRightOf(Planes left, int most) {
        int extent = Math.min(most, Math.min(left.width, width));
        for (int row = 0; row < channels * height; row++) {
            for (int x = 0; x < extent; x++) {
                blend(row * width + x, left.values[row * left.width + left.width - extent + x], x / (double) extent);
            }
        }
    }

    private void blend(int index, float neighbour, double share) {
        values[index] = neighbour * (float) (1 - share) + values[index] * (float) share;
    }
}
