package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Download;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import dev.weir.bench.cluster.WeirProcess;
import dev.weir.testing.FreePort;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.StreamSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clouds of points over HTTP. The denoiser's process is killed in mid-run, and another one goes on with the same bits, which the page saves too. */
final class PointCloudProcessesTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int STEPS = 150;
    private static final int EARLY = 10;
    private static final int POINTS = 128;
    private static final int BYTES_OF_A_POINT = 12;

    private final String cluster = "test-" + UUID.randomUUID();

    @TempDir
    Path folder;

    @Test
    void aRunThatIsKilledGoesOnElsewhereAndItsPointsAreTheSame() throws IOException {
        OriginalFolders.pointVoxel(folder, STEPS);
        String address = "127.0.0.1:" + FreePort.next();
        try (WeirProcess rest = node("gateway,decoder", "--port", "0", "--bind", address);
                WeirProcess doomed = node("denoiser", "--join", address)) {
            Server server = Server.at(rest.awaitReady());
            doomed.awaitReady();
            Awaitility.await("the gateway to know the denoiser")
                    .atMost(PATIENCE)
                    .until(() -> denoisers(server) == 1);
            byte[] undisturbed = start(server).pictures().get(0);
            assertPoints(undisturbed);

            WatchedJob job = start(server);
            Awaitility.await("a run that has begun")
                    .atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(5))
                    .until(() -> job.events("progress").stream()
                                    .mapToInt(event -> event.path("step").asInt())
                                    .max()
                                    .orElse(0)
                            >= EARLY);
            doomed.kill();

            try (WeirProcess other = node("denoiser", "--join", address)) {
                other.awaitReady();
                assertThat(job.pictures()).containsExactly(undisturbed);
                assertThat(job.events("resumed"))
                        .anySatisfy(
                                event -> assertThat(event.path("step").asInt()).isBetween(1, STEPS - 1));
                thePageSavesThem(server, undisturbed);
            }
        }
    }

    private static void thePageSavesThem(Server server, byte[] points) {
        PageVisit.to(server.url()).doing(page -> {
            PlaywrightAssertions.assertThat(page.getByTestId("generate")).isEnabled();
            PlaywrightAssertions.assertThat(page.getByTestId("prompt")).isHidden();
            page.locator("#settings").evaluate("part => { part.open = true; }");
            page.getByTestId("seed").fill("7");
            page.getByTestId("generate").click();
            PlaywrightAssertions.assertThat(PageVisit.cards(page).first())
                    .hasAttribute("data-state", "completed", PageVisit.PATIENT);
            PageVisit.cards(page).first().getByTestId("enlarge").click();
            Download saved =
                    page.waitForDownload(() -> page.getByTestId("savePoints").click());
            assertThat(saved.suggestedFilename()).isEqualTo("weir-7.ply");
            assertThat(saved.path()).hasBinaryContent(points);
        });
    }

    private static void assertPoints(byte[] file) {
        String head = new String(file, 0, file.length - POINTS * BYTES_OF_A_POINT, StandardCharsets.US_ASCII);
        assertThat(head)
                .startsWith("ply\nformat binary_little_endian 1.0\nelement vertex %d\n".formatted(POINTS))
                .endsWith("end_header\n");
    }

    private WeirProcess node(String roles, String... more) {
        List<String> arguments = new ArrayList<>(List.of("node", roles, "--cluster", cluster));
        arguments.addAll(List.of("--model", folder.resolve("points").toString(), "--engine", "torch"));
        arguments.addAll(List.of("--threads", "1", "--checkpoint-ms", "0"));
        arguments.addAll(List.of(more));
        return WeirProcess.start(arguments);
    }

    private static WatchedJob start(Server server) {
        return WatchedJob.start(server, Map.of("seed", 7, "output_format", "ply"));
    }

    private static long denoisers(Server server) {
        return StreamSupport.stream(server.get("/v1/cluster").path("stages").spliterator(), false)
                .filter(stage -> stage.path("stage").asText().equals("denoiser"))
                .flatMap(stage -> StreamSupport.stream(stage.path("nodes").spliterator(), false))
                .count();
    }
}
