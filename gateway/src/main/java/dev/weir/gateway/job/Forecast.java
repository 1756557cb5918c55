package dev.weir.gateway.job;

import dev.weir.proto.v1.ForwardPace;
import dev.weir.proto.v1.NodeStatus;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.stream.IntStream;

/**
 * Predicts when samples are done. It simulates their way through the stages: each node has as many lanes as a full forward pass
 * has network rows, a sample takes the lanes that are free first, and keeps them for its steps. For steps without guidance it keeps one.
 * Stateless.
 */
final class Forecast {

    /** Stands for the time of a forward pass where a node has not measured one. */
    private static final double UNMEASURED_SECONDS = 0.05;

    private static final int GUIDED_ROWS = 2;

    private final BiFunction<String, String, List<NodeStatus>> serving;

    /** @param serving the nodes that serve a model at a stage */
    Forecast(BiFunction<String, String, List<NodeStatus>> serving) {
        this.serving = serving;
    }

    /**
     * @param demands in the order in which stages serve them
     * @param strangers by phase: samples that its nodes hold besides these
     * @return for each, the seconds until it is done
     */
    double[] secondsUntilDone(List<Demand> demands, Map<Phase, Integer> strangers) {
        double[] ready = new double[demands.size()];
        SortedSet<Phase> phases = new TreeSet<>();
        demands.forEach(demand -> demand.work().forEach(left -> phases.add(left.phase())));
        for (Phase phase : phases) {
            int[] order = order(phase, demands, ready);
            Lanes lanes = new Lanes(phase, strangers.getOrDefault(phase, 0));
            for (int i : order) {
                lanes.expect(demands.get(i));
            }
            for (int i : order) {
                ready[i] = lanes.take(demands.get(i), ready[i]);
            }
        }
        return ready;
    }

    /** Until the first diffusion, samples are served in the planners' order; after it, in order of arrival. */
    private static int[] order(Phase phase, List<Demand> demands, double[] ready) {
        IntStream those = IntStream.range(0, demands.size())
                .filter(i -> demands.get(i).at(phase).isPresent());
        return phase.compareTo(Phase.FIRST_DIFFUSION) <= 0
                ? those.toArray()
                : those.boxed()
                        .sorted(Comparator.comparingDouble(i -> ready[i]))
                        .mapToInt(Integer::intValue)
                        .toArray();
    }

    /** The nodes of one phase while they are filled. */
    private final class Lanes {

        private final Phase phase;
        private final int strangers;
        private final Map<String, List<NodeStatus>> nodes = new HashMap<>();
        /** By the address of the node: when each of its lanes is free. */
        private final Map<String, PriorityQueue<Double>> free = new HashMap<>();
        /** Network rows of all samples of a model, on average over their steps. */
        private final Map<String, Double> rows = new HashMap<>();

        Lanes(Phase phase, int strangers) {
            this.phase = phase;
            this.strangers = strangers;
        }

        void expect(Demand demand) {
            rows.merge(demand.model(), work(demand).meanRows(), Double::sum);
        }

        /** @return when the work is done that can begin at a second; the same second where no node serves it */
        double take(Demand demand, double ready) {
            List<NodeStatus> candidates = nodes.computeIfAbsent(
                    demand.model(), model -> serving.apply(model, work(demand).stage()));
            if (candidates.isEmpty()) {
                return ready;
            }
            NodeStatus node = candidates.stream()
                    .min(Comparator.comparingDouble(
                            candidate -> lanes(candidate).peek()))
                    .orElseThrow();
            PriorityQueue<Double> lanes = lanes(node);
            Demand.Work work = work(demand);
            int taken = work.guided() > 0 ? Math.min(work.rows(), lanes.size()) : 1;
            double start = ready;
            for (int i = 0; i < taken; i++) {
                start = Math.max(start, lanes.poll());
            }
            double forward = demand.area() * forwardSeconds(node, demand.model(), candidates.size());
            double done = start + work.forwards() * forward;
            lanes.add(done);
            for (int i = 1; i < taken; i++) {
                lanes.add(start + work.guided() * forward);
            }
            return done;
        }

        private Demand.Work work(Demand demand) {
            return demand.at(phase).orElseThrow();
        }

        private PriorityQueue<Double> lanes(NodeStatus node) {
            return free.computeIfAbsent(node.getAddress(), address -> {
                int held = node.getWaiting() + node.getRunning();
                double busy = held == 0 ? 0 : node.getBacklogSeconds() * Math.min(strangers, held) / held;
                PriorityQueue<Double> lanes = new PriorityQueue<>();
                IntStream.range(0, width(node)).forEach(lane -> lanes.add(busy));
                return lanes;
            });
        }

        /** With fewer rows than fill a pass, each pass is quicker. */
        private double forwardSeconds(NodeStatus node, String model, int nodesThere) {
            ForwardPace pace = node.getPaceMap().get(model);
            if (pace == null || !(pace.getSeconds() > 0)) {
                return node.getStepSeconds() > 0 ? node.getStepSeconds() : UNMEASURED_SECONDS;
            }
            double rowsHere = rows.getOrDefault(model, 0.0) / nodesThere;
            double full = pace.getRows() <= GUIDED_ROWS
                    ? 1
                    : Math.max(0, Math.min(1, (rowsHere - GUIDED_ROWS) / (pace.getRows() - GUIDED_ROWS)));
            return pace.getLoneSeconds() + full * (pace.getSeconds() - pace.getLoneSeconds());
        }
    }

    /** Rows of the widest pass of any of a node's models; of the last one, where nothing is measured. */
    private static int width(NodeStatus node) {
        int widest = node.getPaceMap().values().stream()
                .mapToInt(ForwardPace::getRows)
                .max()
                .orElse(0);
        return Math.max(1, widest > 0 ? widest : node.getLastBatch());
    }
}
