package dev.weir.gateway.job;

import java.util.ArrayList;
import java.util.List;

/**
 * How often in a row a sample was lost or failed without having come further, and on which nodes: what tells a sample that
 * kills its nodes from one whose nodes were killed. Goes with the sample to its next owner.
 *
 * @param nodes where, in order; empty names where it was lost on none
 * @param reached how far the sample had ever come by the last
 */
public record Strikes(List<String> nodes, int reached) {

    public static final Strikes NONE = new Strikes(List.of(), -1);

    public Strikes {
        nodes = List.copyOf(nodes);
    }

    /**
     * One more.
     *
     * @param newReached how far it has come by now
     */
    Strikes and(String node, int newReached) {
        List<String> all = new ArrayList<>(count(newReached) == 0 ? List.of() : nodes);
        all.add(node);
        return new Strikes(all, newReached);
    }

    /** How many there are, where it has now come so far. */
    int count(int newReached) {
        return newReached > reached ? 0 : nodes.size();
    }

    /** Where they happened, as a message says it. */
    String where() {
        List<String> known =
                nodes.stream().filter(node -> !node.isEmpty()).distinct().toList();
        return known.isEmpty() ? "no node" : String.join(", ", known);
    }
}
