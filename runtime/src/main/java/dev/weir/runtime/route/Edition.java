package dev.weir.runtime.route;

import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Workflow;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One set of weights that is served under a model's id, by the fingerprints of its parts. Nodes may have parts only, so two
 * sets fit if they agree on every part that both have. During an upgrade of a model, or after a mistake, nodes serve several under
 * one id; an image is generated with one alone. Immutable.
 *
 * @param fingerprints by part; empty: nothing is known, so that every node fits
 */
public record Edition(Map<String, String> fingerprints) {

    public static final Edition ANY = new Edition(Map.of());

    public Edition {
        fingerprints = Map.copyOf(fingerprints);
    }

    public boolean fits(Map<String, String> others) {
        for (Map.Entry<String, String> other : others.entrySet()) { // For each node of a large cluster and each offer.
            String own = fingerprints.get(other.getKey());
            if (own != null && !own.equals(other.getValue())) {
                return false;
            }
        }
        return true;
    }

    /** Whether a node that has the model has it in this edition. */
    public boolean isServedBy(NodeStatus node, String model) {
        return find(node, model)
                .filter(status -> fits(status.getFingerprintsMap()))
                .isPresent();
    }

    private Edition with(Map<String, String> others) {
        Map<String, String> all = new TreeMap<>(others);
        all.putAll(fingerprints);
        return new Edition(all);
    }

    /**
     * The edition that new images are generated with: one that has a node for each stage of the first workflow, then that of the
     * most nodes, then that of the longest published node. All nodes that hear the same statuses give the same answer.
     */
    public static Edition of(String model, Collection<NodeStatus> alive) {
        List<NodeStatus> nodes = usable(model, alive);
        List<Edition> all = whole(told(model, nodes));
        return all.size() < 2 ? only(all) : ofMost(model, nodes, all);
    }

    /** The same where what all nodes tell fits together, whatever else their statuses say; empty where nodes differ. */
    public static Optional<Edition> agreed(String model, Collection<NodeStatus> alive) {
        List<Edition> all = whole(told(model, usable(model, alive)));
        return all.size() < 2 ? Optional.of(only(all)) : Optional.empty();
    }

    private static Edition only(List<Edition> all) {
        return all.isEmpty() ? ANY : all.get(0);
    }

    private static List<NodeStatus> usable(String model, Collection<NodeStatus> alive) {
        return alive.stream()
                .filter(node -> !node.getDraining()
                        && find(node, model)
                                .filter(status -> status.getProblem().isEmpty())
                                .isPresent())
                .toList();
    }

    private static List<Edition> told(String model, List<NodeStatus> nodes) {
        return nodes.stream()
                .map(node -> find(node, model).orElseThrow().getFingerprintsMap())
                .filter(fingerprints -> !fingerprints.isEmpty())
                .distinct()
                .map(Edition::new)
                .sorted(Comparator.comparing(edition -> new TreeMap<>(edition.fingerprints).toString()))
                .toList();
    }

    /** Each with the parts of all others that it fits. */
    private static List<Edition> whole(List<Edition> told) {
        List<Edition> whole = new ArrayList<>();
        for (Edition edition : told) {
            Edition grown = edition;
            for (Edition other : told) {
                grown = grown.fits(other.fingerprints) ? grown.with(other.fingerprints) : grown;
            }
            whole.add(grown);
        }
        return whole.stream().distinct().toList();
    }

    private static Edition ofMost(String model, List<NodeStatus> nodes, List<Edition> whole) {
        Comparator<Edition> rank = Comparator.comparing((Edition edition) -> edition.isWhole(model, nodes))
                .thenComparing(edition -> edition.nodes(model, nodes).count())
                .thenComparing(edition -> edition.nodes(model, nodes)
                        .mapToLong(NodeStatus::getSequence)
                        .max()
                        .orElse(0));
        return whole.stream().max(rank).orElseThrow();
    }

    private boolean isWhole(String model, List<NodeStatus> nodes) {
        List<ModelStatus> statuses =
                nodes(model, nodes).map(node -> find(node, model).orElseThrow()).toList();
        Set<String> stages = statuses.stream()
                .flatMap(status -> status.getStagesList().stream())
                .collect(Collectors.toSet());
        List<Workflow> first = statuses.stream()
                .map(ModelStatus::getCard)
                .flatMap(card -> card.getWorkflowsList().stream().limit(1))
                .toList();
        return !first.isEmpty()
                && first.stream()
                        .flatMap(workflow -> workflow.getStagesList().stream())
                        .allMatch(stage -> stages.contains(stage.getName()));
    }

    private Stream<NodeStatus> nodes(String model, List<NodeStatus> nodes) {
        return nodes.stream().filter(node -> isServedBy(node, model));
    }

    private static Optional<ModelStatus> find(NodeStatus node, String model) {
        return node.getModelsList().stream()
                .filter(status -> status.getId().equals(model))
                .findFirst();
    }
}
