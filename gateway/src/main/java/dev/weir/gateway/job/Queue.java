package dev.weir.gateway.job;

import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Priority;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The samples of all gateways in the order in which the stages' planners choose them: the more urgent class, the user who has
 * had less, who came first. What other gateways and the nodes tell is up to half a second old. Stateless; event loop of
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

    private final ModelCatalog catalog;
    private final Forecast forecast;

    Queue(ModelCatalog catalog) {
        this.catalog = catalog;
        this.forecast = new Forecast(catalog::serving);
    }

    /**
     * @param demands of all samples in flight; of those that came at the same time, in their order
     * @return for each of them
     */
    List<Place> places(List<Demand> demands) {
        List<Integer> order = order(demands);
        List<Demand> ordered = order.stream().map(demands::get).toList();
        double[] seconds = forecast.secondsUntilDone(ordered, strangers(demands));
        Map<String, Set<String>> nodes = ordered.stream()
                .map(Demand::model)
                .distinct()
                .collect(Collectors.toMap(model -> model, model -> diffusing(model, ordered)));
        Map<String, Integer> waiting = new HashMap<>();
        Place[] places = new Place[demands.size()];
        int strangersWaiting = Math.max(
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
            places[order.get(i)] = new Place(ahead + strangersWaiting, seconds[i]);
            if (!demand.begun()) {
                waiting.merge(demand.model(), 1, Integer::sum);
            }
        }
        return List.of(places);
    }

    private static List<Integer> order(List<Demand> demands) {
        int[] turns = turns(demands);
        return IntStream.range(0, demands.size())
                .boxed()
                .sorted(Comparator.<Integer>comparingInt(
                                i -> rank(demands.get(i).priority()))
                        .thenComparingInt(i -> turns[i])
                        .thenComparingLong(i -> demands.get(i).createdMs()))
                .toList();
    }

    /** How many samples of its own user come before each: as planners do, so that users take turns. */
    private static int[] turns(List<Demand> demands) {
        int[] turns = new int[demands.size()];
        Map<String, Integer> next = new HashMap<>();
        IntStream.range(0, demands.size())
                .boxed()
                .sorted(Comparator.comparingLong(i -> demands.get(i).createdMs()))
                .forEach(i -> turns[i] = next.merge(demands.get(i).user(), 1, Integer::sum));
        return turns;
    }

    private static int rank(Priority priority) {
        return switch (priority) {
            case INTERACTIVE -> 0;
            case BATCH -> 2;
            default -> 1;
        };
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

    /** Samples that nodes hold and that no gateway reports, such as those of a lost gateway. */
    private Map<Phase, Integer> strangers(List<Demand> demands) {
        Map<Phase, Integer> known = new HashMap<>();
        demands.forEach(demand -> demand.work().stream()
                .map(Demand.Work::phase)
                .filter(Phase::isDiffusing)
                .forEach(phase -> known.merge(phase, 1, Integer::sum)));
        Map<Phase, Integer> strangers = new HashMap<>();
        known.forEach((phase, count) -> {
            int held = held(phase, NodeStatus::getWaiting) + held(phase, NodeStatus::getRunning);
            strangers.put(phase, Math.max(0, held - count));
        });
        return strangers;
    }

    private int held(Phase phase, ToIntFunction<NodeStatus> count) {
        return catalog.alive(phase).stream().mapToInt(count).sum();
    }
}
