package dev.weir.gateway.comfyui;

import dev.weir.proto.v1.FlowTable;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.WorkflowStage;
import java.util.Map;

/** Rectified flows, such as Flux.1 and Stable Diffusion 3: what ComfyUI's nodes for them say. Stateless. */
final class Flow {

    private static final double LEAST_SHIFT = 0.5;
    private static final double MOST_SHIFT = 100;
    private static final int LEVELS = 1000;
    /** Of {@code ModelSamplingFlux}, and the tokens at which its two numbers count. */
    private static final int FLUX_LEVELS = 10_000;

    private static final int BASE_TOKENS = 256;
    private static final int MOST_TOKENS = 4096;
    /** Pixels of a token. */
    private static final double TOKEN = 16 * 16;

    /** Weir's samplers of flows by ComfyUI's names, whose {@code ddim} is Euler's method. */
    static final Map<String, String> SAMPLERS = Map.of(
            "euler", "flow_euler",
            "ddim", "flow_euler",
            "heun", "flow_heun",
            "dpmpp_2m", "flow_dpmpp_2m",
            "lcm", "flow_lcm");

    private Flow() {}

    static boolean is(ModelCard card) {
        return card.getSamplersList().stream()
                .anyMatch(offered -> offered.getName().startsWith("flow_"));
    }

    /** Whether its network takes the guidance scale itself, or needs none. Then it takes no negative prompt. */
    static boolean embedsGuidance(ModelCard card) {
        return is(card)
                && card.getWorkflowsList().stream()
                        .flatMap(workflow -> workflow.getStagesList().stream())
                        .anyMatch(WorkflowStage::getEmbedsGuidance);
    }

    /** {@code ModelSamplingSD3}. */
    static FlowTable table(Node node, ModelCard card) {
        if (!is(card) || embedsGuidance(card)) {
            throw new RefusedNodeException(
                    node, "model", "is %s; this shift is for Stable Diffusion 3".formatted(card.getId()));
        }
        return table(node, "shift", node.number("shift").doubleValue(), LEVELS);
    }

    /** {@code ModelSamplingFlux}: by the size that the node says, whatever that of the picture is. */
    static FlowTable fluxTable(Node node, ModelCard card) {
        if (!embedsGuidance(card)) {
            throw new RefusedNodeException(node, "model", "is %s; this shift is for Flux.1".formatted(card.getId()));
        }
        double base = node.number("base_shift").doubleValue();
        double slope = (node.number("max_shift").doubleValue() - base) / (MOST_TOKENS - BASE_TOKENS);
        double tokens = (double) node.whole("width") * node.whole("height") / TOKEN;
        return table(node, "max_shift", Math.exp(tokens * slope + base - slope * BASE_TOKENS), FLUX_LEVELS);
    }

    private static FlowTable table(Node node, String input, double shift, int levels) {
        if (!(shift >= LEAST_SHIFT && shift <= MOST_SHIFT)) {
            throw new RefusedNodeException(
                    node,
                    input,
                    "shifts the noise levels by %.3g; shifts from %s to %s are computed"
                            .formatted(shift, LEAST_SHIFT, MOST_SHIFT));
        }
        return FlowTable.newBuilder().setShift(shift).setLevels(levels).build();
    }

    /** The only text of a node that has one for each text encoder. */
    static String oneText(Node node, String first, String... others) {
        for (String other : others) {
            if (!node.text(other).equals(node.text(first))) {
                throw new RefusedNodeException(
                        node, other, "must be the same as %s: Weir has one prompt".formatted(first));
            }
        }
        return node.text(first);
    }
}
