package dev.weir.runtime.route;

import dev.weir.proto.v1.NodeStatus;
import java.util.HashMap;
import java.util.Map;

/**
 * What this node has sent to others and their status cannot tell yet: offers without an answer, and tasks accepted since the
 * last status. Status and answer of a node travel in order on one connection, so that a status heard after an
 * acceptance counts the task. One thread only.
 */
final class Charges {

    /** Stands for the time of a forward where a node has not measured one. */
    private static final double UNMEASURED_STEP_SECONDS = 0.05;

    private final Map<String, Charge> charges = new HashMap<>();

    void offered(String address, Need need) {
        Charge charge = charges.computeIfAbsent(address, a -> new Charge());
        charge.offers++;
        charge.offeredForwards += need.forwards();
    }

    void refused(String address, Need need) {
        Charge charge = charges.computeIfAbsent(address, a -> new Charge());
        charge.offers--;
        charge.offeredForwards -= need.forwards();
    }

    void accepted(String address, Need need) {
        refused(address, need);
        Charge charge = charges.get(address);
        charge.accepted++;
        charge.acceptedForwards += need.forwards();
    }

    /** A new status of the node counts what it had accepted. */
    void heard(String address) {
        Charge charge = charges.get(address);
        if (charge != null) {
            charge.accepted = 0;
            charge.acceptedForwards = 0;
        }
    }

    void lost(String address) {
        charges.remove(address);
    }

    int credits(NodeStatus node) {
        Charge charge = charges.getOrDefault(node.getAddress(), new Charge());
        return node.getFreeCredits() - charge.offers - charge.accepted;
    }

    /** Seconds until a task that comes now would be through: the node's backlog and what it has not counted yet. */
    double expectedWaitSeconds(NodeStatus node) {
        Charge charge = charges.getOrDefault(node.getAddress(), new Charge());
        double step = node.getStepSeconds() > 0 ? node.getStepSeconds() : UNMEASURED_STEP_SECONDS;
        int rows = Math.max(1, node.getLastBatch());
        return node.getBacklogSeconds() + (charge.offeredForwards + charge.acceptedForwards) * step / rows;
    }

    private static final class Charge {
        int offers;
        int offeredForwards;
        int accepted;
        int acceptedForwards;
    }
}
