package dev.weir.gateway.job;

import java.util.ArrayList;
import java.util.List;

/**
 * How often in a row a sample was lost or failed without having come further, and on which nodes: what tells a sample that
 * kills its nodes from one whose nodes were killed.
 */
final class Strikes {

    private final List<String> nodes = new ArrayList<>();
    private int reachedAtLast = -1;

    /**
     * @param node empty where it was lost on none
     * @param reached how far it had ever come
     * @return how many there are now
     */
    int add(String node, int reached) {
        if (count(reached) == 0) {
            nodes.clear();
        }
        reachedAtLast = reached;
        nodes.add(node);
        return nodes.size();
    }

    /** How many there are, where it has now come so far. */
    int count(int reached) {
        return reached > reachedAtLast ? 0 : nodes.size();
    }

    /** Where they happened, as a message says it. */
    String where() {
        List<String> known =
                nodes.stream().filter(node -> !node.isEmpty()).distinct().toList();
        return known.isEmpty() ? "no node" : String.join(", ", known);
    }
}
