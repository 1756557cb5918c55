package dev.weir.engine.sampler;

/**
 * The noise levels of Karras et al. 2022 (arXiv 2206.00364) and the scale of the network's input at one: table 1.
 *
 * @param least noise level
 * @param most noise level
 * @param data standard deviation of the clean samples
 * @param rho how much finer the small levels are: equation 5
 */
record EdmLevels(double least, double most, double data, double rho) {

    static EdmLevels read(SchedulerKeys keys) {
        return new EdmLevels(
                keys.number("sigma_min", 0.002, Float.MIN_NORMAL, Float.MAX_VALUE),
                keys.number("sigma_max", 80, Float.MIN_NORMAL, Float.MAX_VALUE),
                keys.number("sigma_data", 0.5, Float.MIN_NORMAL, Float.MAX_VALUE),
                keys.number("rho", 7, Float.MIN_NORMAL, Float.MAX_VALUE));
    }

    /** The level at a share of the way from the most to the least. */
    double karras(double share) {
        double start = Math.pow(most, 1 / rho);
        double end = Math.pow(least, 1 / rho);
        return Math.pow(start + share * (end - start), rho);
    }

    /** A sample with noise of a level, to unit variance. */
    float[] scaleInput(float sigma, float[] sample) {
        float deviation = deviation(sigma);
        float[] scaled = new float[sample.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = sample[i] / deviation;
        }
        return scaled;
    }

    /** Of a sample with noise of a level. */
    float deviation(float sigma) {
        return Floats.sqrt(sigma * sigma + (float) (data * data));
    }
}
