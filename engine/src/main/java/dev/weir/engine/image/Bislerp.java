package dev.weir.engine.image;

import dev.weir.engine.LatentShape;

/**
 * Latents at another size, as {@code bislerp} of ComfyUI's {@code comfy/utils.py} computes them: between two places, the vector of all
 * channels turns from one direction to the other, and its length changes evenly. The width is resized before the height. Stateless; any
 * thread.
 */
final class Bislerp {

    /** Vectors of nearly one direction, or of opposite ones, have no angle between them. */
    private static final double PARALLEL = 1 - 1e-5;

    private Bislerp() {}

    /** {@code [channels, height, width]} at another height and width. */
    static float[] resize(LatentShape shape, float[] planes, int height, int width) {
        float[] wide = new float[shape.channels() * shape.height() * width];
        for (int x = 0; x < width; x++) {
            Place place = Place.of(x, shape.width(), width);
            for (int y = 0; y < shape.height(); y++) {
                Vector before = new Vector(planes, y * shape.width() + place.before, shape);
                Vector after = new Vector(planes, y * shape.width() + place.after, shape);
                write(before, after, place.share, wide, y * width + x, shape.height() * width);
            }
        }
        LatentShape widened = new LatentShape(shape.channels(), shape.height(), width);
        float[] resized = new float[shape.channels() * height * width];
        for (int y = 0; y < height; y++) {
            Place place = Place.of(y, shape.height(), height);
            for (int x = 0; x < width; x++) {
                Vector before = new Vector(wide, place.before * width + x, widened);
                Vector after = new Vector(wide, place.after * width + x, widened);
                write(before, after, place.share, resized, y * width + x, height * width);
            }
        }
        return resized;
    }

    private static void write(Vector one, Vector other, double share, float[] result, int at, int plane) {
        double length = one.length();
        double otherLength = other.length();
        double dot = 0;
        for (int i = 0; i < one.size(); i++) {
            dot += one.at(i) * other.at(i);
        }
        double cosine = length == 0 || otherLength == 0 ? 0 : dot / (length * otherLength);
        double weight = 1 - share;
        double otherWeight = share;
        if (cosine > PARALLEL) {
            weight = 1;
            otherWeight = 0;
        } else if (cosine >= -PARALLEL) {
            double angle = Math.acos(cosine);
            double between = length * (1 - share) + otherLength * share;
            weight = length == 0 ? 0 : Math.sin((1 - share) * angle) / Math.sin(angle) * between / length;
            otherWeight = otherLength == 0 ? 0 : Math.sin(share * angle) / Math.sin(angle) * between / otherLength;
        }
        for (int i = 0; i < one.size(); i++) {
            result[i * plane + at] = (float) (weight * one.at(i) + otherWeight * other.at(i));
        }
    }

    /** The channels of one place. */
    private record Vector(float[] planes, int at, LatentShape shape) {

        int size() {
            return shape.channels();
        }

        double at(int channel) {
            return planes[channel * shape.height() * shape.width() + at];
        }

        double length() {
            double sum = 0;
            for (int i = 0; i < size(); i++) {
                sum += at(i) * at(i);
            }
            return Math.sqrt(sum);
        }
    }

    /** A new row or column between two old ones. */
    private record Place(int before, int after, double share) {

        static Place of(int i, int length, int newLength) {
            float scale = (float) length / newLength;
            float at = Math.max(scale * (i + 0.5f) - 0.5f, 0);
            int before = Math.min((int) at, length - 1);
            return new Place(before, Math.min(before + 1, length - 1), at - before);
        }
    }
}
