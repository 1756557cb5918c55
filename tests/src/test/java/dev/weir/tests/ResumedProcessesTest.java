package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.bench.cluster.Host;
import dev.weir.bench.cluster.Member;
import dev.weir.bench.cluster.ProcessCluster;
import dev.weir.bench.cluster.ProcessCluster.Layout;
import dev.weir.runtime.Role;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Denoisers in separate processes that die, freeze, are stopped or join during a run. At most a step or two are
 * repeated, and the images are byte-identical. Each forward pass has one guided sample, because kernels depend on the
 * batch size.
 */
final class ResumedProcessesTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** A denoiser that joins must start before these are done. */
    private static final int IMAGES = 8;

    private static final int STEPS = 60;
    /** Two for each denoiser: one runs and one waits. */
    private static final int SOME_IMAGES = 4;

    /** A checkpoint follows each step, and may be in transit when its node is gone. */
    private static final int MOST_STEPS_LOST = 2;

    private static ProcessCluster cluster;
    private static Server server;
    private static List<byte[]> undisturbed;

    @BeforeAll
    static void drawUndisturbed() {
        List<String> denoiser = List.of("--max-rows", "2", "--checkpoint-ms", "0", "--drain-time", "0");
        cluster = ProcessCluster.start(
                new Layout(
                        Map.of(Role.GATEWAY, 1, Role.TEXT_ENCODER, 1, Role.DENOISER, 2, Role.DECODER, 1),
                        Map.of(Role.DENOISER, denoiser)),
                () -> Host.LOOPBACK);
        server = new Server(cluster.gateways().get(0));
        awaitBothDenoisers();
        undisturbed = start(IMAGES).pictures();
    }

    private static WatchedJob start(int images) {
        return WatchedJob.start(
                server,
                Map.of(
                        "prompt",
                        "a red apple",
                        "seed",
                        100,
                        "n",
                        images,
                        "num_inference_steps",
                        STEPS,
                        "guidance_scale",
                        5,
                        "sampler",
                        "euler_ancestral"));
    }

    @AfterAll
    static void end() {
        cluster.close();
    }

    @BeforeEach
    void awaitAll() {
        awaitBothDenoisers();
    }

    @Test
    void aDenoiserThatIsKilledInMidRunCostsAStepOrTwo() {
        WatchedJob job = start(SOME_IMAGES);
        Member victim = awaitOneInMidRun(job);
        victim.process().kill();
        List<byte[]> pictures = job.pictures();
        victim.start();
        victim.awaitReady();

        assertThat(pictures).containsExactlyElementsOf(undisturbed.subList(0, SOME_IMAGES));
        assertThat(resumedInMidRun(job)).isNotEmpty();
        assertNothingIsToldTwice(job, SOME_IMAGES);
        assertThat(stepsLost(job, SOME_IMAGES)).isLessThanOrEqualTo(MOST_STEPS_LOST);
    }

    @Test
    void aDenoiserThatStandsStillIsDoneWithoutAndServesAgain() {
        WatchedJob job = start(SOME_IMAGES);
        Member victim = awaitOneInMidRun(job);
        victim.process().freeze();
        try {
            Awaitility.await("another to go on with its samples")
                    .atMost(PATIENCE)
                    .until(() -> !resumedInMidRun(job).isEmpty());
        } finally {
            victim.process().thaw();
        }

        assertThat(job.pictures()).containsExactlyElementsOf(undisturbed.subList(0, SOME_IMAGES));
        assertNothingIsToldTwice(job, SOME_IMAGES);
        awaitBothDenoisers();
        Awaitility.await("the old attempts to be dropped where they were frozen")
                .atMost(PATIENCE)
                .until(() -> denoisers()
                        .allMatch(node -> node.path("waiting").asInt() == 0
                                && node.path("running").asInt() == 0
                                && node.path("free_credits").asInt()
                                        == node.path("capacity").asInt()));
        WatchedJob next = start(SOME_IMAGES);
        assertThat(next.pictures()).containsExactlyElementsOf(undisturbed.subList(0, SOME_IMAGES));
        assertThat(denoisersOf(next)).hasSize(2);
    }

    @Test
    void aDenoiserThatIsToldToStopCostsNoStep() {
        WatchedJob job = start(SOME_IMAGES);
        Member victim = awaitOneInMidRun(job);
        victim.process().terminate();
        List<byte[]> pictures = job.pictures();
        victim.process().awaitExit();
        victim.start();
        victim.awaitReady();

        assertThat(pictures).containsExactlyElementsOf(undisturbed.subList(0, SOME_IMAGES));
        assertThat(resumedInMidRun(job)).isNotEmpty();
        assertNothingIsToldTwice(job, SOME_IMAGES);
        assertThat(stepsLost(job, SOME_IMAGES)).isZero();
    }

    @Test
    void aDenoiserThatJoinsInMidRunTakesItsShareAndCostsNoStep() {
        Member late = cluster.members(Role.DENOISER).get(0);
        late.process().terminate();
        late.process().awaitExit();
        WatchedJob job = start(IMAGES);
        late.start();
        late.awaitReady();

        assertThat(job.pictures()).containsExactlyElementsOf(undisturbed);
        assertThat(job.events("resumed"))
                .anyMatch(event -> event.path("reason").asText().startsWith("rebalanced"))
                .hasSizeLessThanOrEqualTo(2 * IMAGES);
        assertNothingIsToldTwice(job, IMAGES);
        assertThat(stepsLost(job, IMAGES)).isZero();
    }

    /** One of two denoisers, each with a running sample and others that wait. */
    private static Member awaitOneInMidRun(WatchedJob job) {
        Awaitility.await("a sample in mid run at either denoiser")
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> job.events("progress").stream()
                                .filter(event -> event.path("step").asInt() == 5)
                                .count()
                        >= 2);
        assertThat(job.events("completed")).isEmpty();
        return cluster.members(Role.DENOISER).get(0);
    }

    private static List<JsonNode> resumedInMidRun(WatchedJob job) {
        return job.events("resumed").stream()
                .filter(event -> event.path("step").asInt() > 0)
                .toList();
    }

    private static void assertNothingIsToldTwice(WatchedJob job, int images) {
        for (int sample = 0; sample < images; sample++) {
            assertThat(job.eventsOf(sample))
                    .filteredOn(event -> event.path("type").asText().equals("progress"))
                    .extracting(event -> event.path("step").asInt())
                    .isSorted()
                    .doesNotHaveDuplicates();
            assertThat(job.eventsOf(sample))
                    .filteredOn(event -> event.path("type").asText().matches("started|completed"))
                    .extracting(event -> event.path("type").asText())
                    .containsExactly("started", "completed");
            assertPlacesPrecedeTheStart(job.eventsOf(sample));
        }
    }

    /** A waiting sample is told its place in the queue as that changes, and not after its first step. */
    private static void assertPlacesPrecedeTheStart(List<JsonNode> events) {
        List<String> types = events.stream()
                .map(event -> event.path("type").asText())
                .filter(type -> type.matches("queued|started"))
                .toList();
        assertThat(types).startsWith("queued").endsWith("started").containsOnlyOnce("started");
    }

    /** The largest number of repeated steps of any sample. */
    private static int stepsLost(WatchedJob job, int images) {
        int most = 0;
        for (int sample = 0; sample < images; sample++) {
            int told = 0;
            for (JsonNode event : job.eventsOf(sample)) {
                int step = event.path("step").asInt();
                if (event.path("type").asText().equals("resumed")) {
                    most = Math.max(most, told - step);
                }
                told = Math.max(told, step);
            }
        }
        return most;
    }

    private static Set<String> denoisersOf(WatchedJob job) {
        return job.events("completed").stream()
                .flatMap(event -> elements(event.path("timings")))
                .filter(timing -> timing.path("stage").asText().equals("denoiser"))
                .map(timing -> timing.path("node").asText())
                .collect(Collectors.toSet());
    }

    private static void awaitBothDenoisers() {
        Awaitility.await("the gateway to know both denoisers")
                .atMost(PATIENCE)
                .until(() -> denoisers().count() == 2);
    }

    /** As the gateway knows them. */
    private static Stream<JsonNode> denoisers() {
        return elements(server.get("/v1/cluster").path("stages"))
                .filter(stage -> stage.path("stage").asText().equals("denoiser"))
                .flatMap(stage -> elements(stage.path("nodes")));
    }

    private static Stream<JsonNode> elements(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false);
    }
}
