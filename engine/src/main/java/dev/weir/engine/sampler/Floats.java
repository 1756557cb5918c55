package dev.weir.engine.sampler;

/** The few functions of float32 that schedules are computed with, rounded as PyTorch rounds them. */
final class Floats {

    private Floats() {}

    static float sqrt(float value) {
        return (float) Math.sqrt(value);
    }

    static float log(float value) {
        return (float) Math.log(value);
    }

    static float exp(float value) {
        return (float) Math.exp(value);
    }

    static float expm1(float value) {
        return (float) Math.expm1(value);
    }

    /** {@code a x}. */
    static float[] scale(float a, float[] x) {
        float[] scaled = new float[x.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = a * x[i];
        }
        return scaled;
    }

    /** {@code a x + b y}. */
    static float[] mix(float a, float[] x, float b, float[] y) {
        float[] mixed = new float[x.length];
        for (int i = 0; i < mixed.length; i++) {
            mixed[i] = a * x[i] + b * y[i];
        }
        return mixed;
    }

    /** Evenly spaced from start to end, counted from the nearer end as {@code torch.linspace} does, which multiplies and adds with one rounding. */
    static float[] linspace(double start, double end, int count) {
        float first = (float) start;
        float last = (float) end;
        float step = count > 1 ? (last - first) / (count - 1) : 0;
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = i < Math.max(count / 2, 1) ? Math.fma(step, i, first) : Math.fma(-step, count - 1 - i, last);
        }
        return values;
    }
}
