package dev.weir.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.SystemReason;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Runs a benchmark and prints its table, or lists the benchmarks. The exit code is 1 if a benchmark finds a fault. */
@Command(
        name = "bench",
        header = "Measure this machine: without a name, list what can be measured.%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  weir bench unet --rounds 15          one forward by batch size, fp32 beside bf16",
            "  weir bench engines                   each engine, beside other programs with --peers",
            "  weir bench cluster-cost              through every stage, beside a bare loop",
            "  weir bench unet --plot unet.svg      also draws a chart",
            "  weir bench full-size --only sdxl     a UNet of SDXL's size",
            "  weir bench chaos --minutes 20        what faults cost, and that they lose nothing",
            "  weir bench simulate --seeds 1-100000 the job protocol with faults, on a virtual clock"
        })
final class BenchCommand implements Callable<Integer> {

    private static final int DEFAULT_ROUNDS = 7;
    private static final int DEFAULT_MINUTES = 2;
    private static final int DEFAULT_CLIENTS = 6;
    private static final ObjectMapper JSON = new ObjectMapper();
    /** The key of JSON that names the benchmark of the numbers. */
    private static final String BENCHMARK = "benchmark";

    private static final Pattern RANGE = Pattern.compile("(\\d{1,18})-(\\d{1,18})");

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "NAME", description = "What to measure.")
    private String name;

    @Mixin
    private ModelOptions models;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description = "How often everything is measured; medians are printed. Default: ${DEFAULT-VALUE}.")
    private int rounds = DEFAULT_ROUNDS;

    @Option(
            names = "--minutes",
            paramLabel = "N",
            description = "How long chaos reigns, and how long batching may take. Default: ${DEFAULT-VALUE}.")
    private int minutes = DEFAULT_MINUTES;

    @Option(
            names = "--clients",
            paramLabel = "N",
            description = "Of chaos: how many clients send jobs at the same time. Default: ${DEFAULT-VALUE}.")
    private int clients = DEFAULT_CLIENTS;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Of what happens at random in chaos and simulate. Default: one by the clock, which is told.")
    private Long seed;

    @Option(
            names = "--seeds",
            paramLabel = "A-B",
            description = "For simulate: every seed from A to B. With --seed N -v it prints everything that happens.")
    private String seeds = "";

    @ParentCommand
    private WeirCommand weir;

    @Option(
            names = "--only",
            paramLabel = "TEXT",
            description = "Of chaos, the faults that have this in their names, as \"freeze gateway\"; of full-size, the"
                    + " networks, as \"sdxl onnx\". Default: all.")
    private String only = "";

    @Option(
            names = "--peers",
            paramLabel = "PYTHON",
            description = "For engines: a Python interpreter with what tools/peers/requirements.txt lists. Default: no"
                    + " peers.")
    private String peers = "";

    @Option(names = "--json", description = "Print the numbers as JSON.")
    private boolean json;

    @Option(names = "--plot", paramLabel = "FILE", description = "Also draw the numbers as a chart, an SVG picture.")
    private Path plot;

    @Option(
            names = "--from",
            paramLabel = "FILE",
            description = "With --plot: draw the numbers that --json printed in an earlier run, and measure nothing.")
    private Path from;

    @Override
    public Integer call() throws Exception {
        List<Benchmark> known = new ArrayList<>();
        ServiceLoader.load(Benchmark.class).forEach(known::add);
        PrintWriter out = spec.commandLine().getOut();
        if (name == null) {
            Table table = new Table("name", "measures");
            known.forEach(benchmark -> table.row(benchmark.name(), benchmark.about()));
            table.print(out);
            return 0;
        }
        Benchmark chosen = known.stream()
                .filter(benchmark -> benchmark.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new CliException(
                        CliException.USAGE,
                        "there is no benchmark %s; there are %s"
                                .formatted(
                                        name,
                                        known.stream().map(Benchmark::name).collect(Collectors.joining(", ")))));
        atLeastOne("--rounds", rounds);
        atLeastOne("--minutes", minutes);
        atLeastOne("--clients", clients);
        checkPlot(chosen);
        if (from != null) {
            draw((ChartedBenchmark) chosen, recorded());
            return 0;
        }
        long[] range = seeds();
        Benchmark.Result result = chosen.run(new Benchmark.Settings(
                models.toConfig().models().get(0),
                rounds,
                minutes,
                clients,
                range[0],
                range[1],
                only,
                peers,
                weir.isVerbose()));
        print(result, out);
        if (plot != null) {
            draw((ChartedBenchmark) chosen, JSON.valueToTree(result.json()));
        }
        return result.passed() ? 0 : CliException.FAILED;
    }

    /** Before anything is measured. */
    private void checkPlot(Benchmark chosen) {
        if (from != null && plot == null) {
            throw new CliException(CliException.USAGE, "--from needs --plot FILE");
        }
        if (plot != null && !(chosen instanceof ChartedBenchmark)) {
            throw new CliException(CliException.USAGE, "the benchmark %s has no chart".formatted(name));
        }
        if (plot != null) {
            try {
                WholeFile.probe(plot);
            } catch (IOException e) {
                throw new CliException(CliException.USAGE, unwritable(e), e);
            }
        }
    }

    /** The numbers of an earlier run of this benchmark. */
    private JsonNode recorded() {
        JsonNode numbers;
        try {
            numbers = JSON.readTree(from.toFile());
        } catch (IOException e) {
            throw new CliException(
                    CliException.FAILED, "--from: cannot read JSON from %s: %s".formatted(from, SystemReason.of(e)), e);
        }
        String origin = numbers.path(BENCHMARK).asText();
        if (!origin.equals(name)) {
            throw new CliException(
                    CliException.FAILED,
                    origin.isEmpty()
                            ? "--from: %s does not say which benchmark its numbers are of (\"%s\": \"%s\")"
                                    .formatted(from, BENCHMARK, name)
                            : "--from: the numbers of %s are those of the benchmark %s, not of %s"
                                    .formatted(from, origin, name));
        }
        return ((ObjectNode) numbers).without(BENCHMARK);
    }

    private void draw(ChartedBenchmark chosen, JsonNode numbers) {
        try {
            WholeFile.write(plot, chosen.chart(numbers).getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new CliException(CliException.FAILED, unwritable(e), e);
        }
    }

    private String unwritable(IOException problem) {
        return "--plot: cannot write %s: %s".formatted(plot, SystemReason.of(problem));
    }

    /** The first and the last one. */
    private long[] seeds() {
        if (seeds.isEmpty()) {
            long only = seed == null ? System.currentTimeMillis() : seed;
            return new long[] {only, only};
        }
        Matcher range = RANGE.matcher(seeds);
        if (!range.matches()) {
            throw new CliException(CliException.USAGE, "--seeds must be like 1-1000, not " + seeds);
        }
        return new long[] {Long.parseLong(range.group(1)), Long.parseLong(range.group(2))};
    }

    private static void atLeastOne(String flag, int value) {
        if (value < 1) {
            throw new CliException(CliException.USAGE, flag + " must be at least 1, not " + value);
        }
    }

    private void print(Benchmark.Result result, PrintWriter out) throws Exception {
        if (json) {
            Map<String, Object> named = new LinkedHashMap<>();
            named.put(BENCHMARK, name);
            named.putAll(result.json());
            out.println(JSON.writerWithDefaultPrettyPrinter().writeValueAsString(named));
            return;
        }
        Table table = new Table(result.columns().toArray(String[]::new));
        result.rows().forEach(row -> table.row(row.toArray()));
        table.print(out);
    }
}
