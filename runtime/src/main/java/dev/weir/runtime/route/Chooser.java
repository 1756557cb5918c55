package dev.weir.runtime.route;

import dev.weir.proto.v1.NodeStatus;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/**
 * The power of two choices (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001): two nodes
 * with room are drawn at random, and the one with the shorter expected wait is chosen. If some nodes are idle, one of
 * them is chosen (Lu et al., "Join-Idle-Queue", 2011), because two draws among many nodes would often miss them. One
 * thread only.
 */
final class Chooser {

    /** A node that would load the model first is chosen if the others would make the task wait for longer than this. */
    private static final double LOAD_SECONDS = 10;

    private final OutstandingLoad outstanding;
    private final RandomGenerator random;

    Chooser(OutstandingLoad outstanding, RandomGenerator random) {
        this.outstanding = outstanding;
        this.random = random;
    }

    /** @param preferred the address of a node that is chosen if it has room; empty: none */
    Optional<NodeStatus> choose(Need need, String preferred, List<NodeStatus> alive, Predicate<NodeStatus> excluded) {
        List<NodeStatus> roomy = alive.stream()
                .filter(node -> need.servedBy(node) && hasRoom(node, need) && !excluded.test(node))
                .toList();
        Optional<NodeStatus> wanted = roomy.stream()
                .filter(node -> node.getAddress().equals(preferred))
                .findFirst();
        if (wanted.isPresent()) {
            return wanted;
        }
        Map<Boolean, List<NodeStatus>> byLoaded = roomy.stream().collect(Collectors.partitioningBy(need::isLoadedBy));
        Optional<NodeStatus> loaded = soonest(byLoaded.get(true));
        Optional<NodeStatus> unloaded = soonest(byLoaded.get(false));
        return loaded.filter(node -> unloaded.isEmpty()
                        || outstanding.expectedWaitSeconds(node)
                                <= outstanding.expectedWaitSeconds(unloaded.get()) + LOAD_SECONDS)
                .or(() -> unloaded);
    }

    private boolean hasRoom(NodeStatus node, Need need) {
        return outstanding.credits(node) > 0 && (!node.getFullOfLoading() || need.isLoadedBy(node));
    }

    private Optional<NodeStatus> soonest(List<NodeStatus> roomy) {
        List<NodeStatus> idle = roomy.stream()
                .filter(node -> outstanding.expectedWaitSeconds(node) == 0)
                .toList();
        return idle.isEmpty() ? soonerOfTwo(roomy) : Optional.of(idle.get(random.nextInt(idle.size())));
    }

    private Optional<NodeStatus> soonerOfTwo(List<NodeStatus> roomy) {
        if (roomy.size() < 2) {
            return roomy.stream().findFirst();
        }
        int first = random.nextInt(roomy.size());
        int second = random.nextInt(roomy.size() - 1);
        NodeStatus one = roomy.get(first);
        NodeStatus other = roomy.get(second < first ? second : second + 1);
        boolean otherIsSooner = outstanding.expectedWaitSeconds(other) < outstanding.expectedWaitSeconds(one);
        return Optional.of(otherIsSooner ? other : one);
    }
}
