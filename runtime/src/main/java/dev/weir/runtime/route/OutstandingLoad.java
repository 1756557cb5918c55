package dev.weir.runtime.route;

import dev.weir.proto.v1.NodeStatus;
import java.util.HashMap;
import java.util.Map;

/**
 * Work that this node has sent to others and that their status does not include yet: offers without an answer, and
 * tasks accepted since the last status. Status messages and answers of a node arrive in order on one connection, so a
 * status after an acceptance includes the task. One thread only.
 */
final class OutstandingLoad {

    /** The assumed time of a forward pass for a node that has not measured one. */
    private static final double UNMEASURED_STEP_SECONDS = 0.05;

    private final Map<String, Sent> outstanding = new HashMap<>();

    /**
     * @param forwards that the task needs
     * @return what is told of the answer, which has no effect if the node was lost meanwhile
     */
    Sent offered(String address, int forwards) {
        Sent sent = outstanding.computeIfAbsent(address, a -> new Sent());
        sent.offers++;
        sent.offeredForwards += forwards;
        return sent;
    }

    /** A new status of the node includes what it had accepted. */
    void heard(String address) {
        Sent sent = outstanding.get(address);
        if (sent != null) {
            sent.accepted = 0;
            sent.acceptedForwards = 0;
        }
    }

    void lost(String address) {
        outstanding.remove(address);
    }

    /** Whether every offer has been answered, or its node was lost. */
    boolean isSettled() {
        return outstanding.values().stream().allMatch(sent -> sent.offers == 0 && sent.offeredForwards == 0);
    }

    int credits(NodeStatus node) {
        Sent sent = outstanding.getOrDefault(node.getAddress(), new Sent());
        return node.getFreeCredits() - sent.offers - sent.accepted;
    }

    /**
     * Seconds until a task that is sent now would be done: the node's backlog plus the work that it does not include
     * yet.
     */
    double expectedWaitSeconds(NodeStatus node) {
        Sent sent = outstanding.getOrDefault(node.getAddress(), new Sent());
        double step = node.getStepSeconds() > 0 ? node.getStepSeconds() : UNMEASURED_STEP_SECONDS;
        int rows = Math.max(1, node.getLastBatch());
        return node.getBacklogSeconds() + (sent.offeredForwards + sent.acceptedForwards) * step / rows;
    }

    /** What one node was sent. */
    static final class Sent {
        private int offers;
        private int offeredForwards;
        private int accepted;
        private int acceptedForwards;

        void refused(int forwards) {
            offers--;
            offeredForwards -= forwards;
        }

        void accepted(int forwards) {
            refused(forwards);
            accepted++;
            acceptedForwards += forwards;
        }
    }
}
