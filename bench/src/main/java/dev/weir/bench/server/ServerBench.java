package dev.weir.bench.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.bench.chart.Chart;
import dev.weir.cli.ChartedBenchmark;
import dev.weir.engine.torch.Torch;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * {@code weir up} under clients that ask for one picture after the other, and under Poisson arrivals; beside a server with FastAPI and
 * diffusers, where a Python for it is given. The servers take turns, and those whose turn it is not are idle.
 */
public final class ServerBench implements ChartedBenchmark {

    private static final List<Integer> CLIENTS = List.of(1, 8, 32);
    /** At which the rates of the traces are measured. */
    private static final int MEASURING = 8;

    private static final double LOAD = 0.8;
    private static final double WARM_UP_SECONDS = 3;
    private static final double SHORTEST_SECONDS = 5;
    private static final int FEWEST_REQUESTS = 8;
    private static final long SEED = 7;

    @Override
    public String name() {
        return "server";
    }

    @Override
    public String about() {
        return "images per second, p50, p95 and first frame of weir up, beside FastAPI and diffusers (--peers PYTHON)";
    }

    @Override
    public String chart(JsonNode numbers) {
        Chart chart = Chart.bars("Images per second by concurrent clients", "clients", "images/s");
        for (var load : numbers.path("closed_loop").properties()) {
            for (var server : load.getValue().properties()) {
                chart.add(
                        server.getKey().replace('_', ' '),
                        load.getKey(),
                        server.getValue().path("images_per_s").asDouble());
            }
        }
        return chart.svg();
    }

    @Override
    public Result run(Settings settings) throws InterruptedException {
        List<Program> servers = new ArrayList<>();
        try {
            servers.add(Program.weir(settings.model()));
            if (!settings.peers().isEmpty()) {
                for (String peer : List.of(Program.ALONE, Program.TOGETHER)) {
                    servers.add(Program.peer(peer, settings.peers(), settings.model(), Torch.threads()));
                }
            }
            return measure(servers, 60.0 * settings.minutes());
        } finally {
            servers.forEach(Program::close);
        }
    }

    private static Result measure(List<Program> servers, double seconds) throws InterruptedException {
        AtomicInteger numbers = new AtomicInteger();
        for (Program server : servers) {
            server.client().closedLoop(MEASURING, WARM_UP_SECONDS, numbers);
        }
        int traces = Math.min(2, servers.size());
        double each = Math.max(SHORTEST_SECONDS, seconds / (servers.size() * (CLIENTS.size() + traces)));
        Map<String, Map<String, Map<String, Double>>> closed = new LinkedHashMap<>();
        Map<String, Double> capacity = new LinkedHashMap<>();
        for (int clients : CLIENTS) {
            Map<String, Map<String, Double>> found = closed.computeIfAbsent("" + clients, c -> new LinkedHashMap<>());
            for (Program server : servers) {
                Latencies latencies = server.client().closedLoop(clients, each, numbers);
                found.put(server.name(), latencies.numbers());
                if (clients == MEASURING) {
                    capacity.put(server.name(), latencies.imagesPerSecond());
                }
            }
        }
        Map<String, Map<String, Map<String, Double>>> poisson = new LinkedHashMap<>();
        for (Program reference : servers.subList(0, traces)) {
            double rate = LOAD * capacity.get(reference.name()) / Ask.meanWork();
            int requests = Math.max(FEWEST_REQUESTS, (int) (rate * each));
            Map<String, Map<String, Double>> found = new LinkedHashMap<>();
            for (Program server : servers) {
                List<Ask> trace = Ask.poisson(numbers.getAndAdd(requests), requests, rate, SEED);
                found.put(server.name(), server.client().trace(trace).numbers());
            }
            poisson.put("%s of %s".formatted(LOAD, reference.name()), found);
        }
        return result(closed, poisson);
    }

    private static Result result(
            Map<String, Map<String, Map<String, Double>>> closed,
            Map<String, Map<String, Map<String, Double>>> poisson) {
        List<String> columns = new ArrayList<>(List.of("load", "server"));
        List<List<String>> rows = new ArrayList<>();
        closed.forEach((clients, found) -> add(clients + " clients", found, rows));
        poisson.forEach((rate, found) -> add("Poisson, " + rate, found, rows));
        closed.values()
                .iterator()
                .next()
                .get(Program.WEIR)
                .keySet()
                .forEach(name -> columns.add(name.replace('_', ' ')));
        return new Result(columns, rows, Map.of("closed_loop", closed, "poisson", poisson));
    }

    private static void add(String load, Map<String, Map<String, Double>> found, List<List<String>> rows) {
        found.forEach((server, numbers) -> {
            List<String> row = new ArrayList<>(List.of(load, server));
            numbers.values().forEach(number -> row.add(String.format(Locale.ROOT, "%.3f", number)));
            rows.add(row);
        });
    }
}
