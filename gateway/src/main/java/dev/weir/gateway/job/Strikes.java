package dev.weir.gateway.job;

import java.util.ArrayList;
import java.util.List;

/**
 * Consecutive losses and failures of a sample without progress, and their nodes. They distinguish a sample that crashes
 * its nodes from a sample whose nodes were lost for other reasons. The next owner of the sample receives them.
 *
 * @param nodes in order; the name is empty for a loss without a node
 * @param reached the furthest progress of the sample at the last strike
 */
public record Strikes(List<String> nodes, int reached) {

    public static final Strikes NONE = new Strikes(List.of(), -1);

    public Strikes {
        nodes = List.copyOf(nodes);
    }

    /**
     * Adds a strike.
     *
     * @param newReached the sample's progress by now
     */
    Strikes and(String node, int newReached) {
        List<String> all = new ArrayList<>(count(newReached) == 0 ? List.of() : nodes);
        all.add(node);
        return new Strikes(all, newReached);
    }

    /** The number of strikes, given the sample's progress. */
    int count(int newReached) {
        return newReached > reached ? 0 : nodes.size();
    }

    /** The nodes of the strikes, for a message. */
    String where() {
        List<String> known =
                nodes.stream().filter(node -> !node.isEmpty()).distinct().toList();
        return known.isEmpty() ? "no node" : String.join(", ", known);
    }
}
