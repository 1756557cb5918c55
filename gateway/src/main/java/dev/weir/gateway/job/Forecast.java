package dev.weir.gateway.job;

import dev.weir.gateway.job.DeviceTime.Group;
import dev.weir.gateway.job.DeviceTime.Pass;
import dev.weir.gateway.job.DeviceTime.Turn;
import dev.weir.gateway.job.DeviceTime.UnknownWork;
import dev.weir.proto.v1.ForwardPace;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Priority;
import dev.weir.runtime.stage.ServiceOrder;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Predicts when samples are done. It simulates their way through the stages. At each stage a sample goes to the node that is free
 * first, and {@link DeviceTime} says how it shares the device there. Stateless.
 */
final class Forecast {

    private static final int GUIDED_ROWS = 2;
    /** Stages without steps serve samples of all models in order. */
    private static final Group ALL = new Group("", 1);

    private final BiFunction<String, String, List<NodeStatus>> serving;
    private final ToDoubleFunction<NodeStatus> unmeasured;
    private final int leastPasses;

    /** Of paces that any number of passes has given. See the other constructor. */
    Forecast(BiFunction<String, String, List<NodeStatus>> serving, ToDoubleFunction<NodeStatus> unmeasured) {
        this(serving, unmeasured, 0);
    }

    /**
     * @param serving the nodes that serve a model at a stage
     * @param unmeasured seconds of a forward pass at a node that has not measured the model's own pace
     * @param leastPasses that a node must have measured of a model
     */
    Forecast(
            BiFunction<String, String, List<NodeStatus>> serving,
            ToDoubleFunction<NodeStatus> unmeasured,
            int leastPasses) {
        this.serving = serving;
        this.unmeasured = unmeasured;
        this.leastPasses = leastPasses;
    }

    /**
     * @param demands in the order in which stages serve them
     * @param unknown by phase: the part of its nodes' backlogs that belongs to other samples than these
     * @return for each, the seconds until it is done
     */
    double[] secondsUntilDone(List<Demand> demands, Map<Phase, Double> unknown) {
        double[] ready = new double[demands.size()];
        SortedSet<Phase> phases = new TreeSet<>();
        demands.forEach(demand -> demand.work().forEach(left -> phases.add(left.phase())));
        for (Phase phase : phases) {
            int[] order = order(phase, demands, ready);
            Nodes nodes = new Nodes(phase, unknown.getOrDefault(phase, 0.0));
            for (int i : order) {
                nodes.expect(demands.get(i));
            }
            Entered[] entered = new Entered[demands.size()];
            for (int i : order) {
                entered[i] = nodes.enter(demands.get(i), ready[i]);
            }
            for (int i : order) {
                ready[i] = entered[i] == null ? ready[i] : entered[i].device().done(entered[i].turn());
            }
        }
        return ready;
    }

    /** Until the first diffusion, samples are served in the planners' order; after it, in order of arrival. */
    private static int[] order(Phase phase, List<Demand> demands, double[] ready) {
        IntStream those = IntStream.range(0, demands.size())
                .filter(i -> demands.get(i).at(phase).isPresent());
        return isPlanned(phase)
                ? those.toArray()
                : those.boxed()
                        .sorted(Comparator.comparingDouble(i -> ready[i]))
                        .mapToInt(Integer::intValue)
                        .toArray();
    }

    private static boolean isPlanned(Phase phase) {
        return phase.compareTo(Phase.FIRST_DIFFUSION) <= 0;
    }

    private record Entered(DeviceTime device, Turn turn) {}

    /** Samples that the same nodes may take, which have the same load for each of them. */
    private record Kind(String model, Group group) {}

    /**
     * A node that may take a sample.
     *
     * @param place among the nodes
     * @param load when it was looked at last
     */
    private record Candidate(NodeStatus node, int place, double load) implements Comparable<Candidate> {
        @Override
        public int compareTo(Candidate other) {
            int byLoad = Double.compare(load, other.load);
            return byLoad != 0 ? byLoad : Integer.compare(place, other.place);
        }
    }

    /** The nodes of one phase while they are filled. */
    private final class Nodes {

        private final Phase phase;
        private final double unknown;
        private final Map<String, List<NodeStatus>> takers = new HashMap<>();
        private final Map<Kind, PriorityQueue<Candidate>> candidates = new HashMap<>();
        private final Map<String, DeviceTime> devices = new HashMap<>();
        /** Network rows of all samples of a group, on average over their steps. */
        private final Map<Group, Double> rows = new HashMap<>();

        Nodes(Phase phase, double unknown) {
            this.phase = phase;
            this.unknown = unknown;
        }

        void expect(Demand demand) {
            rows.merge(group(demand), work(demand).meanRows(), Double::sum);
        }

        /** Null where no node serves it: it is done when it comes. */
        Entered enter(Demand demand, double ready) {
            List<NodeStatus> there = takers.computeIfAbsent(
                    demand.model(), model -> serving.apply(model, work(demand).stage()));
            if (there.isEmpty()) {
                return null;
            }
            Group group = group(demand);
            NodeStatus node = leastLoaded(new Kind(demand.model(), group), there);
            Pass pass = pass(node, demand.model(), work(demand).area(), rows.get(group) / there.size());
            int rank = isPlanned(phase) ? ServiceOrder.rank(demand.priority()) : 0;
            Turn turn = device(node).enter(group, rank, demand.user(), work(demand), pass, ready);
            return new Entered(device(node), turn);
        }

        /** The first of those with the least load. Loads only grow, so it is the first candidate whose known load is still right. */
        private NodeStatus leastLoaded(Kind kind, List<NodeStatus> there) {
            PriorityQueue<Candidate> queue = candidates.computeIfAbsent(kind, absent -> candidates(kind.group, there));
            while (true) {
                Candidate least = queue.poll();
                Candidate now = new Candidate(
                        least.node, least.place, device(least.node).load(kind.group));
                queue.add(now);
                if (Double.compare(now.load, least.load) == 0) {
                    return now.node;
                }
            }
        }

        private PriorityQueue<Candidate> candidates(Group group, List<NodeStatus> there) {
            return IntStream.range(0, there.size())
                    .mapToObj(place -> new Candidate(
                            there.get(place), place, device(there.get(place)).load(group)))
                    .collect(Collectors.toCollection(PriorityQueue::new));
        }

        private Group group(Demand demand) {
            return phase.isDiffusing() ? new Group(demand.model(), work(demand).area()) : ALL;
        }

        private Demand.Work work(Demand demand) {
            return demand.at(phase).orElseThrow();
        }

        private DeviceTime device(NodeStatus node) {
            return devices.computeIfAbsent(
                    node.getAddress(),
                    address -> new DeviceTime(
                            new UnknownWork(unknown * node.getBacklogSeconds(), unknown * node.getRoundSeconds()),
                            ServiceOrder.rank(Priority.BATCH) + 1));
        }
    }

    /** With fewer rows than fill a pass, each pass is quicker. A larger picture takes longer than what was measured as the model's pace. */
    private Pass pass(NodeStatus node, String model, double area, double rows) {
        int width = width(node, model);
        ForwardPace pace = node.getPaceMap().get(model);
        if (pace == null || !(pace.getSeconds() > 0) || pace.getPasses() < leastPasses) {
            double seconds = unmeasured.applyAsDouble(node);
            return new Pass(width, seconds, seconds);
        }
        double full = pace.getRows() <= GUIDED_ROWS
                ? 1
                : Math.max(0, Math.min(1, (rows - GUIDED_ROWS) / (pace.getRows() - GUIDED_ROWS)));
        double seconds = pace.getLoneSeconds() + full * (pace.getSeconds() - pace.getLoneSeconds());
        return new Pass(width, area * seconds, area * pace.getSeconds());
    }

    /** Rows of a full pass: of the widest one of any model where this one's is not measured, or of the last one. */
    private static int width(NodeStatus node, String model) {
        ForwardPace pace = node.getPaceMap().get(model);
        int rows = pace != null
                ? pace.getRows()
                : node.getPaceMap().values().stream()
                        .mapToInt(ForwardPace::getRows)
                        .max()
                        .orElse(0);
        return Math.max(1, rows > 0 ? rows : node.getLastBatch());
    }
}
