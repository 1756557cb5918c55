package dev.weir.engine.image;

import dev.weir.engine.LatentShape;
import dev.weir.engine.UnitImage;
import java.util.Arrays;
import java.util.List;

/**
 * One channel of a picture as numbers, from 0 to 1 for those that bytes have, as ComfyUI holds pictures between its nodes. The numbers are
 * shared, not copied: nobody writes to them.
 */
public record Plane(int width, int height, float[] numbers) {

    private static final float LARGEST = 255;
    private static final String LANCZOS = "lanczos";

    public static Plane of(Bitmap picture, int channel) {
        float[] numbers = new float[picture.width() * picture.height()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (picture.values()[i * picture.channels() + channel] & 0xFF) / LARGEST;
        }
        return new Plane(picture.width(), picture.height(), numbers);
    }

    public Plane crop(Region part) {
        float[] cropped = new float[part.width() * part.height()];
        for (int y = 0; y < part.height(); y++) {
            System.arraycopy(numbers, (part.top() + y) * width + part.left(), cropped, y * part.width(), part.width());
        }
        return new Plane(part.width(), part.height(), cropped);
    }

    /**
     * At another size, as {@code common_upscale} of ComfyUI computes it: by PyTorch, but {@code lanczos} by PIL, of bytes.
     *
     * @param method {@code lanczos}, or the word of an {@link Interpolation}
     */
    public Plane resize(int newWidth, int newHeight, String method) {
        if (method.equals(LANCZOS)) {
            return of(Resampler.resize(bytes(), newWidth, newHeight, Filter.LANCZOS), 0);
        }
        Interpolation interpolation = Arrays.stream(Interpolation.values())
                .filter(known -> known.word().equals(method))
                .findFirst()
                .orElseThrow(
                        () -> new IllegalArgumentException("pictures are not resized by \"%s\"".formatted(method)));
        return new Plane(
                newWidth,
                newHeight,
                interpolation.resize(new LatentShape(1, height, width), numbers, newHeight, newWidth));
    }

    /** Cut off to whole levels, as ComfyUI does it. */
    private Bitmap bytes() {
        byte[] bytes = new byte[numbers.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (int) Math.max(0, Math.min(LARGEST, LARGEST * numbers[i]));
        }
        return new Bitmap(width, height, Bitmap.GREY, bytes);
    }

    /** The picture of equally large channels, whose numbers may lie outside of those that bytes have. */
    public static UnitImage joined(List<Plane> channels) {
        Plane first = channels.get(0);
        float[] all = new float[channels.size() * first.numbers.length];
        for (int channel = 0; channel < channels.size(); channel++) {
            float[] own = channels.get(channel).numbers;
            for (int i = 0; i < own.length; i++) {
                all[channel * own.length + i] = 2 * own[i] - 1;
            }
        }
        return new UnitImage(first.width, first.height, all);
    }
}
