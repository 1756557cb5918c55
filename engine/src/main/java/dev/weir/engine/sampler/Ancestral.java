package dev.weir.engine.sampler;

/**
 * How an ancestral step between two noise levels is divided: down without noise, then up to the second level with fresh noise.
 */
record Ancestral(float down, float up) {

    static Ancestral between(float from, float to) {
        float up = Floats.sqrt(to * to * (from * from - to * to) / (from * from));
        // From a great sigma, rounding may go below nothing.
        return new Ancestral(Floats.sqrt(Math.max(to * to - up * up, 0)), up);
    }
}
