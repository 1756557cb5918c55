package dev.weir.bench.chaos;

import dev.weir.bench.chaos.Recoveries.Recovery;
import dev.weir.bench.cluster.Footprint;
import dev.weir.bench.cluster.Host;
import dev.weir.bench.cluster.JobClient;
import dev.weir.bench.cluster.Member;
import dev.weir.bench.cluster.Network;
import dev.weir.bench.cluster.ProcessCluster;
import dev.weir.bench.cluster.ProcessCluster.Layout;
import dev.weir.cli.Benchmark;
import dev.weir.runtime.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cluster of real processes under steady load with random faults: nodes are killed, frozen, partitioned, stopped,
 * sent garbage, and used by clients that do not read. Every job is checked: none may be lost, none may end twice, and
 * its image must be the one of the undisturbed cluster.
 */
public final class ChaosBench implements Benchmark {

    private static final Logger LOG = LoggerFactory.getLogger(ChaosBench.class);
    private static final Map<Role, Integer> NODES =
            Map.of(Role.GATEWAY, 3, Role.TEXT_ENCODER, 2, Role.DENOISER, 3, Role.DECODER, 2);
    private static final Duration CALM = Duration.ofSeconds(20);
    /**
     * Images in fp32 that are at least this similar count as equal. Kernels choose their order of summation by batch
     * size.
     */
    private static final double SAME_FROM_DECIBELS = 60;

    /** Recoveries that took longer than this are counted. */
    static final double LONGEST_RECOVERY_SECONDS = 6;

    /** After a longer one, what the nodes said is kept. */
    private static final double SLOW_RECOVERY_SECONDS = 4;

    private static final String DRAIN_SECONDS = "3";

    /** Memory is compared when no finished job is left in it. So these are kept for a short time. */
    private static final Duration JOBS_KEPT = Duration.ofSeconds(60);

    @Override
    public String name() {
        return "chaos";
    }

    @Override
    public String about() {
        return "jobs lost, doubled or changed by faults at random under load, for so many --minutes";
    }

    @Override
    public Result run(Settings settings) throws IOException, InterruptedException {
        Optional<String> noNetwork = Network.problem();
        noNetwork.ifPresent(problem -> LOG.warn("No node will be cut off: {}", problem));
        try (Network network = noNetwork.isEmpty() ? Network.open() : null) {
            Supplier<Host> hosts = network == null ? () -> Host.LOOPBACK : network::host;
            try (ProcessCluster cluster = ProcessCluster.start(layout(settings.model()), hosts)) {
                return measure(cluster, settings);
            }
        }
    }

    private static Layout layout(Path model) {
        List<String> all = List.of("-v", "--drain-time", DRAIN_SECONDS);
        List<String> stage = new ArrayList<>(all);
        stage.addAll(
                List.of("--precision", "fp32", "--model", model.toAbsolutePath().toString()));
        List<String> gateway = new ArrayList<>(all);
        gateway.addAll(List.of("--keep-jobs", String.valueOf(JOBS_KEPT.toSeconds())));
        return new Layout(
                NODES,
                Map.of(Role.GATEWAY, gateway, Role.TEXT_ENCODER, stage, Role.DENOISER, stage, Role.DECODER, stage));
    }

    private static Result measure(ProcessCluster cluster, Settings settings) throws IOException, InterruptedException {
        Random random = new Random(settings.seed());
        References references = References.draw(new JobClient(cluster.gateways(), random, CALM.multipliedBy(3)));
        Tally calm = new Tally(references, SAME_FROM_DECIBELS);
        load(cluster, references, calm, settings, settings.seed(), () -> TimeUnit.SECONDS.sleep(CALM.toSeconds()));
        Footprint before = withoutJobs(cluster);
        LOG.info("{} jobs in the calm; {}", calm.sent(), before);
        Tally tally = new Tally(references, SAME_FROM_DECIBELS);
        Storm storm = new Storm(cluster, tally, settings.only(), random);
        try {
            load(
                    cluster,
                    references,
                    tally,
                    settings,
                    settings.seed() + 1000,
                    () -> storm.rage(Duration.ofMinutes(settings.minutes())));
        } catch (AssertionError e) { // a node that does not start or end
            keepTranscripts(cluster, tally);
            throw e;
        }
        Footprint after = withoutJobs(cluster);
        LOG.info("{} jobs in the storm; {}", tally.sent(), after);
        if (!tally.problems().isEmpty() || tally.recoveries().longerThan(SLOW_RECOVERY_SECONDS) > 0) {
            keepTranscripts(cluster, tally);
        }
        Map<String, Object> json = tally.json();
        json.put("memory_before_mb", before.residentMb());
        json.put("memory_after_mb", after.residentMb());
        json.put("heap_before_mb", before.heapMb());
        json.put("heap_after_mb", after.heapMb());
        json.put("clients", settings.clients());
        json.put("seed", settings.seed());
        List<List<String>> rows = new ArrayList<>();
        json.forEach((name, value) -> rows.add(List.of(name.replace('_', ' '), shown(value))));
        return new Result(List.of("", ""), rows, json, tally.problems().isEmpty());
    }

    private static Footprint withoutJobs(ProcessCluster cluster) throws InterruptedException {
        TimeUnit.SECONDS.sleep(JOBS_KEPT.plus(JOBS_KEPT.dividedBy(4)).toSeconds());
        return Footprint.of(cluster);
    }

    private interface Weather {
        void pass() throws IOException, InterruptedException;
    }

    private static void load(
            ProcessCluster cluster, References references, Tally tally, Settings settings, long seed, Weather weather)
            throws IOException, InterruptedException {
        try (Load load = Load.start(settings.clients(), cluster.gateways(), references.requests(), seed, run -> {
            String problem = tally.ended(run);
            if (!problem.isEmpty()) {
                LOG.warn("{}", problem);
            }
        })) {
            weather.pass();
            load.finish();
        }
    }

    /** If something went wrong, the output of the nodes is kept, and what the clients of the slowest jobs received. */
    private static void keepTranscripts(ProcessCluster cluster, Tally tally) throws IOException {
        Path folder = Files.createTempDirectory("weir-chaos");
        Files.write(folder.resolve("problems.txt"), tally.problems());
        Files.write(
                folder.resolve("recoveries.txt"),
                tally.recoveries().longest().stream().map(Recovery::history).toList());
        for (Member member : cluster.members()) {
            Files.writeString(folder.resolve(member + ".log"), member.transcript());
        }
        LOG.warn("What the nodes said is in {}", folder);
    }

    private static String shown(Object value) {
        return value instanceof Double number ? String.format(Locale.ROOT, "%.2f", number) : String.valueOf(value);
    }
}
