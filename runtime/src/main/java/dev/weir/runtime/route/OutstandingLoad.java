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

    private final Map<String, Charge> outstanding = new HashMap<>();

    /** @return what is told of the answer, which has no effect if the node was lost meanwhile */
    Charge offered(String address, Need need) {
        Charge charge = outstanding.computeIfAbsent(address, a -> new Charge());
        charge.offers++;
        charge.offeredForwards += need.forwards();
        return charge;
    }

    /** A new status of the node includes what it had accepted. */
    void heard(String address) {
        Charge charge = outstanding.get(address);
        if (charge != null) {
            charge.accepted = 0;
            charge.acceptedForwards = 0;
        }
    }

    void lost(String address) {
        outstanding.remove(address);
    }

    /** Whether every offer has been answered, or its node was lost. */
    boolean isSettled() {
        return outstanding.values().stream().allMatch(charge -> charge.offers == 0 && charge.offeredForwards == 0);
    }

    int credits(NodeStatus node) {
        Charge charge = outstanding.getOrDefault(node.getAddress(), new Charge());
        return node.getFreeCredits() - charge.offers - charge.accepted;
    }

    /**
     * Seconds until a task that is sent now would be done: the node's backlog plus the work that it does not include
     * yet.
     */
    double expectedWaitSeconds(NodeStatus node) {
        Charge charge = outstanding.getOrDefault(node.getAddress(), new Charge());
        double step = node.getStepSeconds() > 0 ? node.getStepSeconds() : UNMEASURED_STEP_SECONDS;
        int rows = Math.max(1, node.getLastBatch());
        return node.getBacklogSeconds() + (charge.offeredForwards + charge.acceptedForwards) * step / rows;
    }

    /** What one node was sent. */
    static final class Charge {
        private int offers;
        private int offeredForwards;
        private int accepted;
        private int acceptedForwards;

        void refused(Need need) {
            offers--;
            offeredForwards -= need.forwards();
        }

        void accepted(Need need) {
            refused(need);
            accepted++;
            acceptedForwards += need.forwards();
        }
    }
}
