package dev.weir.gateway.comfyui;

import dev.weir.gateway.comfyui.Value.Guider;
import dev.weir.gateway.comfyui.Value.Place;
import dev.weir.gateway.comfyui.Value.Sigmas;
import java.math.BigDecimal;
import java.util.Map;

/**
 * Where the inputs of a sampler are, which are named as those of {@code KSampler}: at its own node, or at the nodes that a custom sampler is
 * made of. Immutable.
 *
 * @param elsewhere by input: those of another node, or of another name
 */
record SamplerInputs(Node node, Map<String, At> elsewhere) {

    static final String MODEL = "model";
    static final String POSITIVE = "positive";
    static final String NEGATIVE = "negative";
    static final String SEED = "seed";
    static final String CFG = "cfg";
    static final String SAMPLER = "sampler_name";
    static final String SCHEDULER = "scheduler";
    static final String STEPS = "steps";
    static final String DENOISE = "denoise";

    private static final String NOISE_SEED = "noise_seed";

    /** As near to 1, a scale is 1 there. */
    private static final double SAME = 1e-9;

    record At(Node node, String input) {}

    static SamplerInputs of(Node node) {
        return new SamplerInputs(
                node, node.type().takes(NOISE_SEED) ? Map.of(SEED, new At(node, NOISE_SEED)) : Map.of());
    }

    /** Of {@code SamplerCustom}, which has a part of them itself. */
    static SamplerInputs of(Node node, Node sampler, Sigmas sigmas) {
        return new SamplerInputs(
                node,
                Map.of(
                        SEED, new At(node, NOISE_SEED),
                        SAMPLER, new At(sampler, SAMPLER),
                        SCHEDULER, new At(sigmas.node(), SCHEDULER),
                        STEPS, new At(sigmas.node(), STEPS),
                        DENOISE, new At(sigmas.node(), DENOISE)));
    }

    /** Of {@code SamplerCustomAdvanced}. */
    static SamplerInputs of(Node node, Node noise, Guider guider, Node sampler, Sigmas sigmas) {
        Node guides = guider.node();
        return new SamplerInputs(
                node,
                Map.of(
                        SEED, new At(noise, NOISE_SEED),
                        MODEL, new At(guides, MODEL),
                        POSITIVE, new At(guides, guides.type().takes(POSITIVE) ? POSITIVE : "conditioning"),
                        NEGATIVE, new At(guides, NEGATIVE),
                        CFG, new At(guides, CFG),
                        SAMPLER, new At(sampler, SAMPLER),
                        SCHEDULER, new At(sigmas.node(), SCHEDULER),
                        STEPS, new At(sigmas.node(), STEPS),
                        DENOISE, new At(sigmas.node(), DENOISE)));
    }

    private At at(String input) {
        return elsewhere.getOrDefault(input, new At(node, input));
    }

    String text(String input) {
        return at(input).node().text(at(input).input());
    }

    BigDecimal number(String input) {
        return at(input).node().number(at(input).input());
    }

    /** 1 for a guider without a scale. */
    double cfg() {
        return at(CFG).node().type().takes(CFG) ? number(CFG).doubleValue() : 1;
    }

    /** Whether the negative prompt counts: without guidance, ComfyUI does not look at it. */
    boolean isGuided() {
        return Math.abs(cfg() - 1) > SAME * Math.max(cfg(), 1);
    }

    /** Whether the steps are those of {@code BasicScheduler}. */
    boolean isOfParts() {
        return at(SCHEDULER).node() != node;
    }

    int whole(String input) {
        return number(input).intValue();
    }

    Place place(String input) {
        return new Place(at(input).node().id(), at(input).input());
    }

    RefusedNodeException refused(String input, String problem) {
        return new RefusedNodeException(at(input).node(), at(input).input(), problem);
    }
}
