package dev.weir.gateway.job;

import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import java.util.List;

/** Estimates from what the nodes say of their queues. Any thread. */
public final class Backlog {

    private static final long LONGEST_RETRY_SECONDS = 600;

    private final ModelCatalog catalog;

    public Backlog(ModelCatalog catalog) {
        this.catalog = catalog;
    }

    /** Seconds until a picture that is asked for now is done: at each stage the shortest wait, then its own steps. */
    public double secondsUntilDone(JobSpec spec) {
        return spec.route().stream()
                .mapToDouble(stage -> secondsAt(stage, spec))
                .sum();
    }

    /** The same, where so many samples of this gateway's were there before, of which nodes may not know yet. */
    double secondsUntilDone(JobSpec spec, int samplesBefore) {
        return Math.max(secondsUntilDone(spec), secondsToFinish(spec, samplesBefore + spec.samples()));
    }

    private double secondsAt(StageKind stage, JobSpec spec) {
        int forwards = Math.max(1, spec.steps(stage));
        return catalog.serving(spec.model(), stage).stream()
                .mapToDouble(node -> node.getBacklogSeconds() + forwards * node.getStepSeconds())
                .min()
                .orElse(0);
    }

    /** Seconds until so many samples have left the slowest stage, by the pace at which its nodes say they work. */
    long retryAfterSeconds(JobSpec spec, int samples) {
        return Math.max(1, Math.min(LONGEST_RETRY_SECONDS, (long) Math.ceil(secondsToFinish(spec, samples))));
    }

    /** The same, to be held against the clock: 0 where no node has said how fast it is. */
    double secondsToFinish(JobSpec spec, int samples) {
        return spec.route().stream()
                .mapToDouble(stage -> secondsToFinish(catalog.serving(spec.model(), stage), samples))
                .max()
                .orElse(0);
    }

    /** Who has nothing to do is taken to be as quick as those who have. */
    private static double secondsToFinish(List<NodeStatus> nodes, int samples) {
        double samplesPerSecond = nodes.size()
                * nodes.stream()
                        .filter(node -> node.getBacklogSeconds() > 0)
                        .mapToDouble(node -> (node.getWaiting() + node.getRunning()) / node.getBacklogSeconds())
                        .average()
                        .orElse(0);
        return samplesPerSecond > 0 ? samples / samplesPerSecond : 0;
    }

    /** What its holder's queue explains of a sample's silence. */
    double secondsAt(String node, StageKind stage, String model) {
        return catalog.serving(model, stage).stream()
                .filter(status -> status.getNodeId().equals(node))
                .mapToDouble(status -> status.getBacklogSeconds() + status.getStepSeconds())
                .findFirst()
                .orElse(0);
    }
}
