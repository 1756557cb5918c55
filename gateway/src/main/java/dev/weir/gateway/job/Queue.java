package dev.weir.gateway.job;

import dev.weir.proto.v1.ForwardPace;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.runtime.stage.ServiceOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * The samples of all gateways in the order in which the stages' planners choose them: the more urgent class, the user who has had less, who
 * came first, where short samples pass long ones. What other gateways and the nodes tell is up to half a second old. Stateless; event loop of
 * {@link Jobs}.
 */
final class Queue {

    /**
     * Where a sample stands.
     *
     * @param ahead samples that have not begun and come first
     * @param seconds until it is done
     */
    record Place(int ahead, double seconds) {}

    /** For news, a forward pass that was not measured is guessed. */
    private static final double GUESSED_SECONDS = 0.05;
    /** The first pass of a model may be many times slower than later ones: it also reads the weights from the disk. */
    private static final int TRUSTED_PASSES = 3;

    private final ModelCatalog catalog;
    private final Forecast guessing;
    private final Forecast measured;
    private final Forecast trusted;

    Queue(ModelCatalog catalog) {
        this.catalog = catalog;
        this.guessing = new Forecast(
                catalog::serving, node -> node.getStepSeconds() > 0 ? node.getStepSeconds() : GUESSED_SECONDS);
        this.measured = new Forecast(catalog::serving, NodeStatus::getStepSeconds);
        this.trusted = new Forecast(
                catalog::serving, node -> node.getPaceCount() > 0 ? 0 : node.getStepSeconds(), TRUSTED_PASSES);
    }

    /**
     * Seconds until all samples of a job are done that comes now. A stage that has not measured anything counts as taking no time.
     *
     * @param demands of all samples in flight
     * @param coming of the job's samples
     */
    double secondsUntilDone(List<Demand> demands, List<Demand> coming) {
        List<Demand> all = new ArrayList<>(demands);
        all.addAll(coming);
        List<Integer> order = order(all);
        double[] seconds =
                measured.secondsUntilDone(order.stream().map(all::get).toList(), unknownParts(demands, phases(all)));
        return IntStream.range(0, order.size())
                .filter(i -> order.get(i) >= demands.size())
                .mapToDouble(i -> seconds[i])
                .max()
                .orElse(0);
    }

    /**
     * The same, if there were nothing else to do. A node that has measured too few passes of this model, or other models' alone, counts
     * as taking no time: those few, and the mean of the others, may be many times this model's.
     */
    double secondsAlone(List<Demand> coming) {
        return DoubleStream.of(trusted.secondsUntilDone(coming, Map.of())).max().orElse(0);
    }

    /**
     * @param demands of all samples in flight; of those that came at the same time, in their order
     * @return for each of them
     */
    List<Place> places(List<Demand> demands) {
        List<Integer> order = order(demands);
        List<Demand> ordered = order.stream().map(demands::get).toList();
        double[] seconds = guessing.secondsUntilDone(ordered, unknownParts(demands, phases(demands)));
        Map<String, Set<String>> nodes = ordered.stream()
                .map(Demand::model)
                .distinct()
                .collect(Collectors.toMap(model -> model, model -> diffusing(model, ordered)));
        Map<String, Integer> waiting = new HashMap<>();
        Place[] places = new Place[demands.size()];
        int unknownWaiting = Math.max(
                0,
                held(Phase.FIRST_DIFFUSION, NodeStatus::getWaiting)
                        - (int) demands.stream()
                                .filter(demand -> !demand.begun())
                                .count());
        for (int i = 0; i < ordered.size(); i++) {
            Demand demand = ordered.get(i);
            int ahead = waiting.entrySet().stream()
                    .filter(other -> share(nodes, other.getKey(), demand.model()))
                    .mapToInt(Map.Entry::getValue)
                    .sum();
            places[order.get(i)] = new Place(ahead + unknownWaiting, seconds[i]);
            if (!demand.begun()) {
                waiting.merge(demand.model(), 1, Integer::sum);
            }
        }
        return List.of(places);
    }

    private List<Integer> order(List<Demand> demands) {
        long[] due = due(demands);
        int[] turns = turns(demands, due);
        return IntStream.range(0, demands.size())
                .boxed()
                .sorted(Comparator.<Integer>comparingInt(
                                i -> ServiceOrder.rank(demands.get(i).priority()))
                        .thenComparingInt(i -> turns[i])
                        .thenComparingLong(i -> due[i]))
                .toList();
    }

    /** Planners let a sample pass others that came before it and have more work left. */
    private long[] due(List<Demand> demands) {
        Map<Part, Double> paces = new HashMap<>();
        return demands.stream()
                .mapToLong(demand -> demand.createdMs() + (long) (1000 * longestYield(demand, paces)))
                .toArray();
    }

    /** Seconds in which later samples that are shorter may pass a sample. */
    double longestYield(Demand demand) {
        return longestYield(demand, new HashMap<>());
    }

    private double longestYield(Demand demand, Map<Part, Double> paces) {
        return demand.work().stream()
                .filter(work -> work.phase().isDiffusing())
                .findFirst()
                .map(work -> ServiceOrder.YIELDING
                        * work.forwards()
                        * work.area()
                        * paces.computeIfAbsent(
                                new Part(work.phase(), demand.model(), work.stage()), this::secondsPerForward))
                .orElse(0.0);
    }

    /** How many samples of its own user come before each: as planners do, so that users take turns. */
    private static int[] turns(List<Demand> demands, long[] due) {
        int[] turns = new int[demands.size()];
        Map<String, Integer> next = new HashMap<>();
        IntStream.range(0, demands.size())
                .boxed()
                .sorted(Comparator.comparingLong(i -> due[i]))
                .forEach(i -> turns[i] = next.merge(demands.get(i).user(), 1, Integer::sum));
        return turns;
    }

    /** The nodes where the samples of a model wait for their first diffusion. */
    private Set<String> diffusing(String model, List<Demand> demands) {
        return demands.stream()
                .filter(demand -> demand.model().equals(model))
                .flatMap(demand -> demand.at(Phase.FIRST_DIFFUSION).stream())
                .map(Demand.Work::stage)
                .distinct()
                .flatMap(stage -> catalog.serving(model, stage).stream())
                .map(NodeStatus::getAddress)
                .collect(Collectors.toCollection(HashSet::new));
    }

    private static boolean share(Map<String, Set<String>> nodes, String model, String other) {
        return model.equals(other) || nodes.get(model).stream().anyMatch(nodes.get(other)::contains);
    }

    /**
     * By phase, the part of the nodes' backlogs that belongs to samples that no gateway tells of, such as those of a lost gateway. It is
     * the smaller of two parts: of those samples among all that the nodes hold, and of the work that the demands do not explain. The
     * number alone would be wrong where one of two samples has nearly all of the work.
     */
    private Map<Phase, Double> unknownParts(List<Demand> demands, Set<Phase> phases) {
        Map<Phase, Integer> known = new HashMap<>();
        Map<Part, Double> rowForwards = new HashMap<>();
        for (Demand demand : demands) {
            for (Demand.Work left : demand.work()) {
                known.merge(left.phase(), 1, Integer::sum);
                rowForwards.merge(
                        new Part(left.phase(), demand.model(), left.stage()),
                        left.forwards() * left.meanRows() * left.area(),
                        Double::sum);
            }
        }
        Map<Phase, Double> explained = new HashMap<>();
        rowForwards.forEach((part, count) -> explained.merge(part.phase, count * secondsPerRow(part), Double::sum));
        Map<Phase, Double> parts = new HashMap<>();
        phases.stream().filter(Phase::isDiffusing).forEach(phase -> {
            List<NodeStatus> nodes = catalog.alive(phase);
            int held = nodes.stream()
                    .mapToInt(node -> node.getWaiting() + node.getRunning())
                    .sum();
            double backlog =
                    nodes.stream().mapToDouble(NodeStatus::getBacklogSeconds).sum();
            if (held > 0 && backlog > 0) {
                double more = 1 - known.getOrDefault(phase, 0) / (double) held;
                double unexplained = 1 - explained.getOrDefault(phase, 0.0) / backlog;
                parts.put(phase, Math.max(0, Math.min(more, unexplained)));
            }
        });
        return parts;
    }

    /** The work of one model in a phase. */
    private record Part(Phase phase, String model, String stage) {}

    /** As nodes count their backlogs: at the pace of full forward passes. */
    private double secondsPerRow(Part part) {
        return mean(part, pace -> pace.getSeconds() / pace.getRows());
    }

    /** Of a full forward pass. */
    private double secondsPerForward(Part part) {
        return mean(part, ForwardPace::getSeconds);
    }

    private double mean(Part part, ToDoubleFunction<ForwardPace> seconds) {
        return catalog.serving(part.model, part.stage).stream()
                .map(node -> node.getPaceMap().get(part.model))
                .filter(pace -> pace != null && pace.getRows() > 0)
                .mapToDouble(seconds)
                .average()
                .orElse(0);
    }

    private static Set<Phase> phases(List<Demand> demands) {
        return demands.stream()
                .flatMap(demand -> demand.work().stream())
                .map(Demand.Work::phase)
                .collect(Collectors.toSet());
    }

    private int held(Phase phase, ToIntFunction<NodeStatus> count) {
        return catalog.alive(phase).stream().mapToInt(count).sum();
    }
}
