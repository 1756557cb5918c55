package dev.weir.gateway.job;

import dev.weir.proto.v1.ForwardPace;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageKind;
import java.util.List;

/** Estimates from the queues that nodes report. Any thread. */
public final class Backlog {

    private static final long LONGEST_RETRY_SECONDS = 600;

    private final ModelCatalog catalog;

    public Backlog(ModelCatalog catalog) {
        this.catalog = catalog;
    }

    /** Seconds until an image that is requested now is done: the shortest wait at each stage, plus its own steps. */
    public double secondsUntilDone(JobSpec spec) {
        return spec.route().stream()
                .mapToDouble(stage -> secondsAt(stage, spec))
                .sum();
    }

    /** The same, if so many samples came before, of this gateway and of others, which the nodes may not know yet. */
    double secondsUntilDone(JobSpec spec, int samplesBefore) {
        return Math.max(secondsUntilDone(spec), secondsToFinish(spec, samplesBefore + spec.samples()));
    }

    /** Whether at each stage a node has nothing to do. */
    boolean isIdle(JobSpec spec) {
        return spec.stages().stream().allMatch(stage -> catalog.serving(spec.model(), stage).stream()
                .anyMatch(node -> node.getWaiting() + node.getRunning() == 0 && !(node.getBacklogSeconds() > 0)));
    }

    private double secondsAt(Stage stage, JobSpec spec) {
        return catalog.serving(spec.model(), stage.getName()).stream()
                .mapToDouble(node -> node.getBacklogSeconds() + stage.getForwards() * forwardSeconds(node, spec, stage))
                .min()
                .orElse(0);
    }

    /** At the model's own pace, where the node has measured it: the mean of all its models may be many times that. */
    private static double forwardSeconds(NodeStatus node, JobSpec spec, Stage stage) {
        ForwardPace pace = node.getPaceMap().get(spec.model());
        return pace != null && pace.getSeconds() > 0 ? stage.getArea() * pace.getSeconds() : node.getStepSeconds();
    }

    /** Seconds until so many samples have left the slowest stage, at the pace that its nodes report. */
    long retryAfterSeconds(JobSpec spec, int samples) {
        return retryAfterSeconds(secondsToFinish(spec, samples));
    }

    /** Seconds that a client is told to wait: whole ones, and not too many, because much may change meanwhile. */
    static long retryAfterSeconds(double seconds) {
        return Math.max(1, Math.min(LONGEST_RETRY_SECONDS, (long) Math.ceil(seconds)));
    }

    /** The same, for comparison with the clock: 0 if no node has reported its speed. */
    double secondsToFinish(JobSpec spec, int samples) {
        return spec.stages().stream()
                .mapToDouble(stage -> secondsToFinish(catalog.serving(spec.model(), stage), samples))
                .max()
                .orElse(0);
    }

    /** Idle nodes are assumed to be as fast as the others. */
    private static double secondsToFinish(List<NodeStatus> nodes, int samples) {
        double samplesPerSecond = nodes.size()
                * nodes.stream()
                        .filter(node -> node.getBacklogSeconds() > 0)
                        .mapToDouble(node -> (node.getWaiting() + node.getRunning()) / node.getBacklogSeconds())
                        .average()
                        .orElse(0);
        return samplesPerSecond > 0 ? samples / samplesPerSecond : 0;
    }

    /** How much of a sample's silence the queue of its holder explains. */
    double secondsAt(String node, StageKind stage) {
        return catalog.alive(stage).stream()
                .filter(status -> status.getNodeId().equals(node))
                .mapToDouble(status -> status.getBacklogSeconds() + status.getStepSeconds())
                .findFirst()
                .orElse(0);
    }
}
