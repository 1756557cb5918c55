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

    private static final List<Integer> FLEETS = List.of(25, 100, 200, 400, 800);
    private static final Pace FLEET_DENOISER = new Pace(Duration.ofMillis(400), 1, 4);
    private static final int CLIENTS_A_FLEET_NODE = 2;

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
        List<Map<String, Object>> fleet = fleet(settings.model());
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
                double rate = loaded(cluster, requests, measured);
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

    private static List<Map<String, Object>> fleet(Path model) throws IOException, InterruptedException {
        List<Map<String, Object>> all = new ArrayList<>();
        try (FixedTimeCluster cluster = new FixedTimeCluster(model)) {
            for (int size : FLEETS) {
                int more = size - cluster.denoisers();
                Map<String, Object> measured = new LinkedHashMap<>();
                measured.put("denoisers", size);
                measured.put("joining", more);
                measured.put("registration_s", cluster.add(more, FLEET_DENOISER));
                measured.put("known_to_the_gateway_after_s", cluster.await(nodes -> nodes.size() == size));
                TimeUnit.SECONDS.sleep(SETTLE_SECONDS);
                Cpu idle = Cpu.of(cluster, MEASURED_SECONDS);
                measured.put("statuses_per_s_heard_by_each", 2 * (size + 2));
                measured.put("gateway_idle_cores", idle.gateway());
                measured.put("router_idle_cores", idle.router());
                try (SteadyRequests requests = new SteadyRequests(cluster.url())) {
                    requests.add(CLIENTS_A_FLEET_NODE * size);
                    TimeUnit.SECONDS.sleep(SETTLE_SECONDS);
                    double gateway = cluster.gatewayCpuSeconds();
                    double router = cluster.routerCpuSeconds();
                    double rate = loaded(cluster, requests, measured);
                    double pictures = rate * MEASURED_SECONDS;
                    double capacity = size / (FLEET_DENOISER.step().toMillis() / 1000.0 * SteadyRequests.MEAN_STEPS);
                    measured.put("of_capacity", rate / capacity);
                    measured.put(
                            "gateway_ms_per_picture",
                            1000
                                    * (cluster.gatewayCpuSeconds() - gateway - idle.gateway() * MEASURED_SECONDS)
                                    / pictures);
                    measured.put(
                            "router_ms_per_picture",
                            1000 * (cluster.routerCpuSeconds() - router - idle.router() * MEASURED_SECONDS) / pictures);
                }
                cluster.await(nodes ->
                        nodes.stream().allMatch(node -> node.path("running").asInt() == 0));
                tell(all, measured);
            }
        }
        return all;
    }

    /** Pictures a second, and what each denoiser had of them. */
    private static double loaded(FixedTimeCluster cluster, SteadyRequests requests, Map<String, Object> measured)
            throws IOException, InterruptedException {
        Map<String, Integer> before = finishedByNode(cluster);
        int first = requests.finished();
        TimeUnit.SECONDS.sleep(MEASURED_SECONDS);
        double rate = (requests.finished() - first) / (double) MEASURED_SECONDS;
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

    /** Cores that are busy. */
    private record Cpu(double gateway, double router) {

        static Cpu of(FixedTimeCluster cluster, long seconds) throws InterruptedException {
            double gateway = cluster.gatewayCpuSeconds();
            double router = cluster.routerCpuSeconds();
            TimeUnit.SECONDS.sleep(seconds);
            return new Cpu(
                    (cluster.gatewayCpuSeconds() - gateway) / seconds, (cluster.routerCpuSeconds() - router) / seconds);
        }
    }

    /** At once too, since all of it takes twelve minutes. */
    private static void tell(List<Map<String, Object>> all, Map<String, Object> measured) {
        all.add(measured);
        System.err.println(measured);
    }

    private static String shown(Object value) {
        return value instanceof Double number ? String.format(Locale.ROOT, "%.3f", number) : String.valueOf(value);
    }
}
