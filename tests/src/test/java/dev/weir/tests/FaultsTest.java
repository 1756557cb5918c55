package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.bench.chaos.FaultKind;
import dev.weir.bench.cluster.Host;
import dev.weir.bench.cluster.JobClient;
import dev.weir.bench.cluster.JobRequest;
import dev.weir.bench.cluster.JobRun;
import dev.weir.bench.cluster.Likeness;
import dev.weir.bench.cluster.Member;
import dev.weir.bench.cluster.Network;
import dev.weir.bench.cluster.ProcessCluster;
import dev.weir.bench.cluster.ProcessCluster.Layout;
import dev.weir.runtime.Role;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Two nodes of each role as processes, on separate hosts if the machine allows it. Clients submit jobs continuously
 * while faults happen to the nodes. {@link ProcessesTest} covers denoisers that die or are stopped.
 */
final class FaultsTest {

    private static final int CLIENTS = 4;
    private static final int JOBS_A_CLIENT = 2;
    private static final int BAD_CLIENTS = 4;
    private static final double SAME_FROM_DECIBELS = 60;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** Longer than a lease. */
    private static final Duration ABSENCE = Duration.ofMillis(3500);

    private static final List<JobRequest> REQUESTS = List.of(
            new JobRequest("a red apple", 7, 20, "ddim", 1, 1),
            new JobRequest("a rocket", 8, 12, "euler_ancestral", 5, 1),
            new JobRequest("a blue house", 9, 16, "dpmpp_2m", 1, 2));

    private static final Optional<String> NO_NETWORK = Network.problem();
    private static final Map<JobRequest, Map<Integer, byte[]>> UNDISTURBED = new HashMap<>();
    private static Network network;
    private static ProcessCluster cluster;

    @BeforeAll
    static void startAndDrawUndisturbed() throws InterruptedException {
        network = NO_NETWORK.isEmpty() ? Network.open() : null;
        List<String> drain = List.of("--drain-time", "2");
        List<String> stage = List.of("--drain-time", "2", "--precision", "fp32");
        Layout layout = new Layout(
                Map.of(Role.GATEWAY, 2, Role.TEXT_ENCODER, 2, Role.DENOISER, 2, Role.DECODER, 2),
                Map.of(Role.GATEWAY, drain, Role.TEXT_ENCODER, stage, Role.DENOISER, stage, Role.DECODER, stage));
        cluster = ProcessCluster.start(layout, network == null ? () -> Host.LOOPBACK : network::host);
        JobClient client = new JobClient(cluster.gateways(), new Random(1), PATIENCE);
        for (JobRequest request : REQUESTS) {
            JobRun run = client.run(request);
            assertThat(run.problem()).isEmpty();
            UNDISTURBED.put(request, Map.copyOf(run.pictures()));
        }
    }

    @AfterAll
    static void end() {
        if (cluster != null) {
            cluster.close();
        }
        if (network != null) {
            network.close();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"TEXT_ENCODER", "DECODER"})
    void aNodeThatDiesUnderLoadCostsNoJob(Role role) throws Exception {
        assertNothingIsLostWhile(FaultKind.KILL, role);
    }

    @Test
    void aGatewayThatIsToldToStopUnderLoadCostsNoJob() throws Exception {
        assertNothingIsLostWhile(FaultKind.TERMINATE, Role.GATEWAY);
    }

    @Test
    void aDecoderThatFreezesAndThawsCostsNoJobAndDoublesNone() throws Exception {
        assertNothingIsLostWhile(FaultKind.FREEZE, Role.DECODER);
    }

    @Test
    void aDenoiserThatIsCutOffAndComesBackCostsNoJobAndDoublesNone() throws Exception {
        assumeTrue(NO_NETWORK.isEmpty(), () -> "skipped: " + NO_NETWORK.orElse(""));
        assertNothingIsLostWhile(FaultKind.CUT_OFF, Role.DENOISER);
    }

    @Test
    void garbageAtEveryPortEndsNothing() throws Exception {
        assertNothingIsLostWhile(FaultKind.GARBAGE, Role.GATEWAY, Role.DENOISER);
        assertThat(cluster.members()).allMatch(member -> member.process().isAlive());
    }

    @Test
    void clientsThatReadNothingOrVanishCostOthersNothing() throws Exception {
        Member gateway = cluster.members(Role.GATEWAY).get(0);
        assertNothingIsLostWhile(() -> {
            for (int i = 0; i < BAD_CLIENTS; i++) {
                FaultKind.VANISHED_CLIENT.strike(gateway, ABSENCE, new Random(i));
            }
            FaultKind.SLOW_CLIENT.strike(gateway, ABSENCE, new Random(1));
        });
    }

    /**
     * Applies the fault when the first job is done, so that others are at every stage. Returns when all are checked.
     */
    private static void assertNothingIsLostWhile(FaultKind fault, Role... roles) throws Exception {
        assertNothingIsLostWhile(() -> {
            for (Role role : roles) {
                fault.strike(cluster.members(role).get(0), ABSENCE, new Random(1));
            }
        });
    }

    private interface Blow {
        void strike() throws IOException, InterruptedException;
    }

    private static void assertNothingIsLostWhile(Blow blow) throws Exception {
        Semaphore done = new Semaphore(0);
        ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
        try {
            List<CompletableFuture<Void>> clients = IntStream.range(0, CLIENTS)
                    .mapToObj(i -> CompletableFuture.runAsync(() -> askAndCheck(i, done), threads))
                    .toList();
            done.acquire();
            blow.strike();
            clients.forEach(CompletableFuture::join);
        } finally {
            threads.shutdownNow();
        }
    }

    private static void askAndCheck(int number, Semaphore done) {
        JobClient client = new JobClient(cluster.gateways(), new Random(number), PATIENCE);
        for (int i = 0; i < JOBS_A_CLIENT; i++) {
            try {
                check(client.run(REQUESTS.get((number + i) % REQUESTS.size())));
            } catch (InterruptedException e) {
                throw new AssertionError("interrupted", e);
            } finally {
                done.release();
            }
        }
    }

    private static void check(JobRun run) {
        assertThat(run.problem()).isEmpty();
        assertThat(run.duplicates())
                .as("samples of %s that ended twice", run.id())
                .isZero();
        run.pictures().forEach((sample, picture) -> {
            Likeness likeness =
                    Likeness.of(picture, UNDISTURBED.get(run.request()).get(sample));
            assertThat(likeness.decibels())
                    .as("dB from the undisturbed picture, %s of %s", sample, run.request())
                    .isGreaterThanOrEqualTo(SAME_FROM_DECIBELS);
        });
    }
}
