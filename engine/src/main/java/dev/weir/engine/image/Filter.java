package dev.weir.engine.image;

import java.util.function.DoubleUnaryOperator;

/** The filters of PIL's {@code Image.resize}, in the order of its numbers. */
public enum Filter {
    NEAREST(0, x -> 1),
    LANCZOS(3, x -> -3 <= x && x < 3 ? sinc(x) * sinc(x / 3) : 0),
    BILINEAR(1, x -> Math.max(0, 1 - Math.abs(x))),
    BICUBIC(2, Filter::cubic),
    BOX(0.5, x -> x > -0.5 && x <= 0.5 ? 1 : 0),
    HAMMING(1, Filter::hamming);

    private final double support;
    private final DoubleUnaryOperator weight;

    Filter(double support, DoubleUnaryOperator weight) {
        this.support = support;
        this.weight = weight;
    }

    /** How many pixels it reaches to each side. */
    double support() {
        return support;
    }

    double weight(double x) {
        return weight.applyAsDouble(x);
    }

    private static double sinc(double x) {
        return x == 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    }

    private static double cubic(double signed) {
        double a = -0.5;
        double x = Math.abs(signed);
        if (x < 1) {
            return ((a + 2) * x - (a + 3)) * x * x + 1;
        }
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    }

    private static double hamming(double signed) {
        double x = Math.abs(signed);
        if (x == 0) {
            return 1;
        }
        return x >= 1 ? 0 : sinc(x) * (0.54 + 0.46 * Math.cos(Math.PI * x));
    }
}
