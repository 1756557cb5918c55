package dev.weir.engine;

import java.util.Optional;

/** A picture as networks see it: values in [-1, 1], {@code [3, height, width]}. */
public record UnitImage(int width, int height, float[] values) {

    public UnitImage {
        if (values.length != 3 * width * height) {
            throw new IllegalArgumentException(
                    "%d values do not fill %dx%d RGB".formatted(values.length, width, height));
        }
    }

    public static UnitImage of(RgbImage image) {
        int pixels = image.width() * image.height();
        var values = new float[3 * pixels];
        for (int i = 0; i < pixels; i++) {
            for (int channel = 0; channel < 3; channel++) {
                values[channel * pixels + i] = 2 * ((image.pixels()[3 * i + channel] & 0xff) / 255f) - 1;
            }
        }
        return new UnitImage(image.width(), image.height(), values);
    }

    /** Values outside of [-1, 1] are clipped. Empty if one is not finite: bytes cannot tell, NaN would become black. */
    public Optional<RgbImage> rgb() {
        if (!Finite.all(values)) {
            return Optional.empty();
        }
        int pixels = width * height;
        var bytes = new byte[3 * pixels];
        for (int channel = 0; channel < 3; channel++) {
            for (int i = 0; i < pixels; i++) {
                float unit = Math.min(1, Math.max(0, values[channel * pixels + i] / 2 + 0.5f));
                bytes[3 * i + channel] = (byte) Math.rint(unit * 255);
            }
        }
        return Optional.of(new RgbImage(width, height, bytes));
    }
}
