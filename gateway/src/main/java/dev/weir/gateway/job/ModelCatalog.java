package dev.weir.gateway.job;

import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.WorkflowStage;
import dev.weir.runtime.route.Edition;
import dev.weir.runtime.route.NodeDirectory;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/**
 * The models of the cluster, as the cards in the statuses of its live nodes say. A model whose nodes are all gone stays for a
 * while, and keeps its place: a restart of a node changes neither the default model nor the answer to those who name it.
 * Any thread.
 */
public final class ModelCatalog {

    private static final Duration REMEMBERED = Duration.ofMinutes(10);

    private record Known(ModelCard card, long seenNanos) {}

    private final NodeDirectory directory;
    private final LongSupplier nanoClock;
    private List<Known> known = List.of();
    private volatile LiveNodes live = LiveNodes.NONE;
    /** What {@link #usable} is of. */
    private LiveNodes seen = LiveNodes.NONE;

    private Map<String, ModelCard> usable = Map.of();

    public ModelCatalog(NodeDirectory directory, LongSupplier nanoClock) {
        this.directory = directory;
        this.nanoClock = nanoClock;
    }

    /** One card for each model, in the order in which nodes were given them; the first is the default. */
    public synchronized List<ModelCard> cards() {
        LiveNodes now = live();
        long nanos = nanoClock.getAsLong();
        Map<String, Known> all = new LinkedHashMap<>();
        known.stream()
                .filter(model -> nanos - model.seenNanos <= REMEMBERED.toNanos())
                .forEach(model -> all.put(model.card.getId(), model));
        // With many models and LoRAs this takes milliseconds, and each request asks more than once.
        if (now != seen && (now.stated() != seen.stated() || !now.stated().agree())) {
            usable = usable(now);
        }
        seen = now;
        usable.forEach((id, card) -> all.put(id, new Known(card, nanos)));
        // Models that nodes had until their files were removed, and that none has any more.
        now.stated().removed().stream().filter(id -> !usable.containsKey(id)).forEach(all::remove);
        Set<String> order = now.stated().order();
        if (order.containsAll(all.keySet())) {
            known = order.stream().map(all::get).filter(Objects::nonNull).toList();
        } else {
            known = List.copyOf(all.values());
        }
        return known.stream().map(Known::card).toList();
    }

    /** Cards by id. If nodes differ, the denoiser's card counts. */
    private static Map<String, ModelCard> usable(LiveNodes live) {
        List<NodeStatus> nodes = live.statuses();
        Map<String, ModelCard> cards = new LinkedHashMap<>();
        Map<String, Edition> editions = new HashMap<>();
        nodes.stream()
                .sorted(Comparator.comparing((NodeStatus n) -> n.getStage() != StageKind.DENOISER)
                        .thenComparing(NodeStatus::getNodeId))
                .flatMap(node -> node.getModelsList().stream())
                .filter(model -> model.getProblem().isEmpty() && !model.getRemoved())
                // A node of an earlier version has a card without workflows.
                .filter(model -> model.getCard().getWorkflowsCount() > 0)
                .filter(model ->
                        editions.computeIfAbsent(model.getId(), live::edition).fits(model.getFingerprintsMap()))
                .forEach(model -> cards.putIfAbsent(model.getId(), model.getCard()));
        cards.replaceAll((id, card) -> FilesOfNodes.all(PreviewGrades.asDecoded(card, nodes), nodes));
        return cards;
    }

    public Optional<ModelCard> find(String id) {
        return cards().stream().filter(card -> card.getId().equals(id)).findFirst();
    }

    /** All live nodes. */
    List<NodeStatus> alive() {
        return directory.alive();
    }

    /** All live nodes of a kind. */
    List<NodeStatus> alive(StageKind kind) {
        return directory.alive(kind);
    }

    /** All live nodes that work in a phase. */
    List<NodeStatus> alive(Phase phase) {
        return live().in(phase);
    }

    /** Nodes that accept work of this model now. */
    public List<NodeStatus> serving(String model, String stage) {
        LiveNodes now = live();
        return now.serving(model, stage, now.edition(model));
    }

    /** The weights that new images of a model are generated with. */
    Edition edition(String model) {
        return live().edition(model);
    }

    private LiveNodes live() {
        List<NodeStatus> newest = directory.alive();
        LiveNodes now = live;
        if (now.statuses() != newest) {
            now = now.with(newest);
            live = now;
        }
        return now;
    }

    /** Nodes that serve a model's id with other weights than new images are generated with, by model. */
    public Map<String, List<NodeStatus>> leftOut() {
        LiveNodes now = live();
        Map<String, List<NodeStatus>> leftOut = new TreeMap<>();
        for (String model : now.stated().order()) {
            Edition edition = now.edition(model);
            List<NodeStatus> others = now.statuses().stream()
                    .filter(node -> serves(node, model) && !edition.isServedBy(node, model))
                    .toList();
            if (!others.isEmpty()) {
                leftOut.put(model, others);
            }
        }
        return leftOut;
    }

    /** The stages, by name, without a live node. */
    public List<String> missing(String model, List<String> stages) {
        return missing(model, stages, edition(model));
    }

    /** The same for an image that was started with some weights. */
    List<String> missing(String model, List<String> stages, Edition edition) {
        LiveNodes now = live();
        return stages.stream()
                .filter(stage -> now.serving(model, stage, edition).isEmpty())
                .toList();
    }

    /** Why live nodes do not serve a model at a stage that they have it for; empty where one serves it, or none says why. */
    public Optional<String> problem(String model, String stage) {
        if (!serving(model, stage).isEmpty()) {
            return Optional.empty();
        }
        return statuses(model)
                .filter(status -> status.getStagesList().contains(stage))
                .map(ModelStatus::getProblem)
                .filter(problem -> !problem.isEmpty())
                .findFirst();
    }

    /** Why live nodes cannot use a model; empty where none says so. */
    public Optional<String> problem(String model) {
        return statuses(model)
                .map(ModelStatus::getProblem)
                .filter(problem -> !problem.isEmpty())
                .findFirst();
    }

    /** What live nodes state of a model. */
    private Stream<ModelStatus> statuses(String model) {
        return directory.alive().stream()
                .flatMap(node -> node.getModelsList().stream())
                .filter(status -> status.getId().equals(model));
    }

    /** Whether some nodes have all stages of a model's first workflow in memory. */
    public boolean isLoaded(ModelCard card) {
        return isReady(card)
                && card.getWorkflows(0).getStagesList().stream()
                        .allMatch(stage -> serving(card.getId(), stage.getName()).stream()
                                .flatMap(node -> node.getModelsList().stream())
                                .anyMatch(status -> status.getId().equals(card.getId()) && !status.getUnloaded()));
    }

    /** Whether a node makes flagged pictures of a model black. A frame that no checker sees would show them. */
    boolean blanks(String model) {
        return statuses(model).anyMatch(ModelStatus::getBlanks);
    }

    /** Whether the first workflow of a model has its nodes now. */
    public boolean isReady(ModelCard card) {
        return card.getWorkflowsCount() > 0
                && missing(
                                card.getId(),
                                card.getWorkflows(0).getStagesList().stream()
                                        .map(WorkflowStage::getName)
                                        .toList())
                        .isEmpty();
    }

    private static boolean serves(NodeStatus node, String model) {
        return node.getModelsList().stream()
                .anyMatch(m -> m.getId().equals(model) && m.getProblem().isEmpty());
    }
}
