package dev.weir.client;

import java.util.List;

/**
 * The cluster as one gateway sees it.
 *
 * @param otherGateways the node ids of the other live gateways
 * @param json the gateway's whole answer, including fields that this class does not know
 */
public record ClusterStatus(Gateway gateway, List<String> otherGateways, List<Stage> stages, String json) {

    /**
     * @param jobs unfinished jobs that this gateway owns
     * @param images unfinished images of these jobs
     */
    public record Gateway(String node, int jobs, int images) {}

    public record Stage(String stage, List<Node> nodes) {}

    /**
     * @param capacity how many samples the node may hold
     * @param engine the library that computes, {@code onnx} or {@code torch}
     * @param instructionSet that the engine uses, as {@code avx2}
     * @param engineReason why this engine runs there
     * @param lastBatch rows of the last forward pass
     * @param stepSeconds a running mean of the time of one forward pass
     * @param backlogSeconds time until the node will have done what it holds
     * @param stalledMs how long the device has had work without finishing any; 0: not stalled
     */
    public record Node(
            String node,
            List<Model> models,
            String device,
            String precision,
            String engine,
            String instructionSet,
            String engineReason,
            int capacity,
            int freeCredits,
            int waiting,
            int running,
            int lastBatch,
            double stepSeconds,
            double backlogSeconds,
            long finished,
            long failed,
            long stalledMs,
            boolean draining) {}

    /**
     * @param loaded whether the node has it in memory. Otherwise it loads it on first use.
     * @param problem why the node cannot use the model, or null
     * @param otherWeights whether the node gets no new work of the model, because most nodes serve other weights under its
     *     id
     */
    public record Model(String id, boolean loaded, String problem, boolean otherWeights) {}
}
