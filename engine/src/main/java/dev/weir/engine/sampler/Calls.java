package dev.weir.engine.sampler;

/**
 * The number of network calls of a run of two steps or more: {@code perStep} times the steps, plus {@code extra}. A run of one
 * step has one call.
 */
public record Calls(int perStep, int extra) {

    public static final Calls ONE_A_STEP = new Calls(1, 0);
    /** Second-order methods: two each, but one for the step that ends without noise. */
    static final Calls TWO_A_STEP = new Calls(2, -1);

    public int of(int steps) {
        return steps == 1 ? 1 : perStep * steps + extra;
    }
}
