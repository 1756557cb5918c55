package dev.weir.engine.image;

import dev.weir.engine.Finite;
import dev.weir.engine.LatentShape;
import dev.weir.picture.PictureException;

/**
 * How near each pixel of a picture is: one number for each, in any unit. Immutable by convention; any thread.
 *
 * @param values {@code [height, width]}
 */
public record DepthMap(int width, int height, float[] values) {

    /** Of a grey picture of 8 or 16 bits, or of the luma of one of colours. Throws {@link PictureException}. */
    public static DepthMap read(byte[] file, PictureReader.Limits limits) {
        Bitmap map = PictureReader.readDeep(file, limits);
        boolean isDeep = map.channels() == Bitmap.DEEP_GREY;
        byte[] bytes = isDeep ? map.values() : map.grey().values();
        float[] values = new float[map.width() * map.height()];
        for (int i = 0; i < values.length; i++) {
            values[i] = isDeep ? (bytes[2 * i] & 0xFF) << 8 | bytes[2 * i + 1] & 0xFF : bytes[i] & 0xFF;
        }
        return new DepthMap(map.width(), map.height(), values);
    }

    /**
     * At another size, and spread over [-1, 1] as StableDiffusionDepth2ImgPipeline does it.
     *
     * @throws IllegalArgumentException if all is equally near
     */
    public float[] spread(int newWidth, int newHeight) {
        float[] sized = Interpolation.BICUBIC.resize(new LatentShape(1, height, width), values, newHeight, newWidth);
        float least = Float.POSITIVE_INFINITY;
        float most = Float.NEGATIVE_INFINITY;
        for (float value : sized) {
            least = Math.min(least, value);
            most = Math.max(most, value);
        }
        for (int i = 0; i < sized.length; i++) {
            sized[i] = 2 * (sized[i] - least) / (most - least) - 1;
        }
        if (!Finite.all(sized)) {
            throw new IllegalArgumentException("depth_map: all of it is equally near, so it says nothing of the image");
        }
        return sized;
    }
}
