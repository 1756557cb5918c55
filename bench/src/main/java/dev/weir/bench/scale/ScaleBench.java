package dev.weir.bench.scale;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.bench.chart.Chart;
import dev.weir.bench.scale.FixedTimeStage.Pace;
import dev.weir.cli.ChartedBenchmark;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * What more denoisers bring: pictures a second by nodes, how even their load is, and how soon a new one carries its share; then
 * what a fleet of simulated ones costs those who route. Stages spend fixed times, so that this measures the cluster and no
 * network; everything else is the product, over real processes and HTTP.
 */
public final class ScaleBench implements ChartedBenchmark {

    private static final List<Integer> SIZES = List.of(1, 2, 4);
    private static final Pace DENOISER = new Pace(Duration.ofMillis(100), 8, 32);
    /** Beyond the rows of a forward, so that no row stays empty. */
    private static final int CLIENTS_A_DENOISER = 14;

    private static final Fleet FLEET = new Fleet(List.of(25, 100, 200, 400), new Pace(Duration.ofMillis(400), 1, 4));
    /** With more images in each second, two cores are too few for the nodes and clients that are simulated on them. */
    private static final Fleet LARGEST_FLEET = new Fleet(List.of(800), new Pace(Duration.ofMillis(1600), 1, 4));

    private static final int CLIENTS_A_FLEET_NODE = 2;
    /** More need a larger heap, and collecting it would take the time of the two cores. */
    private static final int MOST_NODES_A_PROCESS = 200;

    private static final long SETTLE_SECONDS = 6;
    private static final long MEASURED_SECONDS = 25;
    private static final double ITS_SHARE = 0.9;

    @Override
    public String name() {
        return "scale";
    }

    @Override
    public String about() {
        return "images per second by 1, 2 and 4 denoisers of fixed time, and what hundreds cost";
    }

    @Override
    public String chart(JsonNode numbers) {
        Chart chart = Chart.lines("Images per second by denoisers", "denoisers", "images/s");
        double one = numbers.path("linear").path(0).path("pictures_per_s").asDouble();
        for (JsonNode measured : numbers.path("linear")) {
            int denoisers = measured.path("denoisers").asInt();
            chart.add(
                    "measured", "" + denoisers, measured.path("pictures_per_s").asDouble());
            chart.add("linear", "" + denoisers, denoisers * one);
        }
        return chart.svg();
    }

    @Override
    public Result run(Settings settings) throws IOException, InterruptedException {
        List<Map<String, Object>> linear = linear(settings.model());
        List<Map<String, Object>> fleet = new ArrayList<>(fleet(settings.model(), FLEET));
        fleet.addAll(fleet(settings.model(), LARGEST_FLEET));
        List<List<String>> rows = new ArrayList<>();
        List.of(linear, fleet)
                .forEach(part -> part.forEach(measured -> measured.forEach((name, value) -> rows.add(
                        List.of(String.valueOf(measured.get("denoisers")), name.replace('_', ' '), shown(value))))));
        return new Result(List.of("denoisers", "", ""), rows, Map.of("linear", linear, "fleet", fleet));
    }

    private static List<Map<String, Object>> linear(Path model) throws IOException, InterruptedException {
        List<Map<String, Object>> all = new ArrayList<>();
        try (FixedTimeCluster cluster = new FixedTimeCluster(model);
                SteadyRequests requests = new SteadyRequests(cluster.url())) {
            double one = 0;
            for (int size : SIZES) {
                double joined = 0;
                while (cluster.denoisers() < size) {
                    cluster.add(1, DENOISER);
                    int known = cluster.denoisers();
                    if (known == 1) {
                        cluster.await(nodes -> nodes.size() == 1);
                    }
                    requests.add(CLIENTS_A_DENOISER);
                    joined = Math.max(
                            joined, cluster.await(nodes -> nodes.size() == known && eachCarriesItsShare(nodes)));
                }
                TimeUnit.SECONDS.sleep(SETTLE_SECONDS);
                Map<String, Object> measured = new LinkedHashMap<>();
                measured.put("denoisers", size);
                double rate = loaded(cluster, requests, MEASURED_SECONDS, measured);
                one = size == 1 ? rate : one;
                measured.put("of_linear", rate / (one * size));
                measured.put("carried_its_share_after_s", joined);
                tell(all, measured);
            }
        }
        return all;
    }

    private static boolean eachCarriesItsShare(List<JsonNode> nodes) {
        double mean = nodes.stream()
                .mapToInt(node -> node.path("last_batch").asInt())
                .average()
                .orElse(0);
        return nodes.stream().allMatch(node -> node.path("last_batch").asInt() >= ITS_SHARE * mean && mean > 0);
    }

    /** Simulated denoisers: how many there are, one after the other, and their pace. */
    private record Fleet(List<Integer> sizes, Pace pace) {

        /** Longer than an image takes. */
        long settleSeconds() {
            return seconds(15);
        }

        long measuredSeconds() {
            return seconds(62.5);
        }

        private long seconds(double steps) {
            return Math.round(steps * pace.step().toMillis() / 1000);
        }

        /** Images per second, if no denoiser is ever idle. */
        double capacity(int size) {
            return 1000.0 * size / (pace.step().toMillis() * SteadyRequests.MEAN_STEPS);
        }
    }

    private static List<Map<String, Object>> fleet(Path model, Fleet fleet) throws IOException, InterruptedException {
        List<Map<String, Object>> all = new ArrayList<>();
        try (FixedTimeCluster cluster = new FixedTimeCluster(model)) {
            for (int size : fleet.sizes) {
                Map<String, Object> measured = new LinkedHashMap<>();
                measured.put("denoisers", size);
                measured.put("joining", size - cluster.denoisers());
                double registration = 0;
                while (cluster.denoisers() < size) {
                    int more = Math.min(MOST_NODES_A_PROCESS, size - cluster.denoisers());
                    registration = Math.max(registration, cluster.add(more, fleet.pace));
                }
                measured.put("registration_of_a_process_s", registration);
                measured.put("known_to_the_gateway_after_s", cluster.await(nodes -> nodes.size() == size));
                measured.put("statuses_per_s_heard_by_each", 2 * (size + 2));
                TimeUnit.SECONDS.sleep(SETTLE_SECONDS);
                cluster.await(nodes ->
                        nodes.stream().allMatch(node -> node.path("running").asInt() == 0));
                try {
                    measureFleet(cluster, fleet, measured);
                } catch (IllegalStateException e) {
                    // What was measured before counts. Where a machine is too small for the nodes, some count as lost.
                    measured.put("failed", e.getMessage());
                }
                tell(all, measured);
            }
        }
        return all;
    }

    private static void measureFleet(FixedTimeCluster cluster, Fleet fleet, Map<String, Object> measured)
            throws IOException, InterruptedException {
        Cpu before = Cpu.of(cluster);
        TimeUnit.SECONDS.sleep(MEASURED_SECONDS);
        Cpu idle = Cpu.of(cluster).since(before, MEASURED_SECONDS);
        measured.put("gateway_idle_cores", idle.gateway);
        measured.put("router_idle_cores", idle.router);
        try (SteadyRequests requests = new SteadyRequests(cluster.url())) {
            requests.add(CLIENTS_A_FLEET_NODE * cluster.denoisers());
            TimeUnit.SECONDS.sleep(fleet.settleSeconds());
            long seconds = fleet.measuredSeconds();
            Cpu begin = Cpu.of(cluster);
            double rate = loaded(cluster, requests, seconds, measured);
            Cpu busy = Cpu.of(cluster).since(begin, seconds);
            measured.put("of_capacity", rate / fleet.capacity(cluster.denoisers()));
            measured.put("gateway_ms_per_picture", 1000 * (busy.gateway - idle.gateway) / rate);
            measured.put("router_ms_per_picture", 1000 * (busy.router - idle.router) / rate);
        }
    }

    /** Pictures a second, and what each denoiser had of them. */
    private static double loaded(
            FixedTimeCluster cluster, SteadyRequests requests, long seconds, Map<String, Object> measured)
            throws IOException, InterruptedException {
        Map<String, Integer> before = finishedByNode(cluster);
        int first = requests.finished();
        TimeUnit.SECONDS.sleep(seconds);
        double rate = (requests.finished() - first) / (double) seconds;
        var byNode = finishedByNode(cluster).entrySet().stream()
                .mapToInt(node -> node.getValue() - before.getOrDefault(node.getKey(), 0))
                .summaryStatistics();
        measured.put("pictures_per_s", rate);
        measured.put("least_over_mean", byNode.getMin() / byNode.getAverage());
        measured.put("most_over_mean", byNode.getMax() / byNode.getAverage());
        return rate;
    }

    private static Map<String, Integer> finishedByNode(FixedTimeCluster cluster) throws IOException {
        return cluster.statuses().stream()
                .collect(Collectors.toMap(node -> node.path("node").asText(), node -> node.path("finished")
                        .asInt()));
    }

    /** CPU seconds so far, or cores that are busy. */
    private record Cpu(double gateway, double router) {

        static Cpu of(FixedTimeCluster cluster) {
            return new Cpu(cluster.gatewayCpuSeconds(), cluster.routerCpuSeconds());
        }

        Cpu since(Cpu before, long seconds) {
            return new Cpu((gateway - before.gateway) / seconds, (router - before.router) / seconds);
        }
    }

    /** At once too, since all of it takes a quarter of an hour. */
    private static void tell(List<Map<String, Object>> all, Map<String, Object> measured) {
        all.add(measured);
        System.err.println(measured);
    }

    private static String shown(Object value) {
        return value instanceof Double number ? String.format(Locale.ROOT, "%.3f", number) : String.valueOf(value);
    }
}
