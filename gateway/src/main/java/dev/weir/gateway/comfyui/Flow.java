package dev.weir.gateway.comfyui;

import dev.weir.gateway.api.ModelFields;
import dev.weir.proto.v1.FlowTable;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.WorkflowStage;
import java.util.Map;
import java.util.Optional;

/** Rectified flows, such as Flux.1, Stable Diffusion 3 and Z-Image: what ComfyUI's nodes for them say. Stateless. */
final class Flow {

    static final double LEAST_SHIFT = 0.5;
    static final double MOST_SHIFT = 100;
    private static final int LEVELS = 1000;
    /** Of {@code ModelSamplingFlux}, and the tokens at which its two numbers count. */
    private static final int FLUX_LEVELS = 10_000;

    private static final int BASE_TOKENS = 256;
    private static final int MOST_TOKENS = 4096;
    /** Pixels of a token. */
    private static final double TOKEN = 16 * 16;

    /** What a model is by its card. ComfyUI has other nodes for each, and other rules for texts and guidance. */
    enum Kind {
        /** Its network takes the guidance scale itself, or needs none, and so no negative prompt. */
        FLUX("Flux.1"),
        STABLE_DIFFUSION_3("Stable Diffusion 3"),
        /** Its texts have no weights. */
        Z_IMAGE("Z-Image");

        private final String shown;

        Kind(String shown) {
            this.shown = shown;
        }
    }

    /** Weir's samplers of flows by ComfyUI's names, whose {@code ddim} is Euler's method. */
    static final Map<String, String> SAMPLERS = Map.of(
            "euler", "flow_euler",
            "ddim", "flow_euler",
            "heun", "flow_heun",
            "dpmpp_2m", "flow_dpmpp_2m",
            "res_multistep", "flow_res_multistep",
            "lcm", "flow_lcm");

    private Flow() {}

    static boolean is(ModelCard card) {
        return card.getSamplersList().stream()
                .anyMatch(offered -> offered.getName().startsWith("flow_"));
    }

    /** Empty: the model is no flow. */
    static Optional<Kind> kind(ModelCard card) {
        if (!is(card)) {
            return Optional.empty();
        }
        if (ModelFields.guidesFromPrompt(card)) {
            return Optional.of(Kind.Z_IMAGE);
        }
        boolean embedsGuidance = card.getWorkflowsList().stream()
                .flatMap(workflow -> workflow.getStagesList().stream())
                .anyMatch(WorkflowStage::getEmbedsGuidance);
        return Optional.of(embedsGuidance ? Kind.FLUX : Kind.STABLE_DIFFUSION_3);
    }

    static boolean is(ModelCard card, Kind kind) {
        return kind(card).filter(kind::equals).isPresent();
    }

    /** {@code ModelSamplingSD3} and {@code ModelSamplingAuraFlow}, which differ in how the network is told the time. */
    static FlowTable table(Node node, ModelCard card, Kind kind) {
        requireKind(node, card, kind);
        return table(node, "shift", node.number("shift").doubleValue(), LEVELS);
    }

    /** {@code ModelSamplingFlux}: by the size that the node says, whatever that of the picture is. */
    static FlowTable fluxTable(Node node, ModelCard card) {
        requireKind(node, card, Kind.FLUX);
        double base = node.number("base_shift").doubleValue();
        double slope = (node.number("max_shift").doubleValue() - base) / (MOST_TOKENS - BASE_TOKENS);
        double tokens = (double) node.whole("width") * node.whole("height") / TOKEN;
        return table(node, "max_shift", Math.exp(tokens * slope + base - slope * BASE_TOKENS), FLUX_LEVELS);
    }

    private static void requireKind(Node node, ModelCard card, Kind kind) {
        if (!is(card, kind)) {
            throw new RefusedNodeException(
                    node, "model", "is %s; this shift is for %s".formatted(card.getId(), kind.shown));
        }
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
