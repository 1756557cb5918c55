package dev.weir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.client.ClusterStatus;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class StatusCommandTest {

    @Test
    void aGatewayWithoutStagesSaysWhatToStart() {
        StringWriter out = new StringWriter();
        ClusterStatus alone = new ClusterStatus(
                new ClusterStatus.Gateway("a1", 1, 8),
                List.of(),
                List.of(new ClusterStatus.Stage("denoiser", List.of())),
                "{}");

        StatusCommand.print(alone, new PrintWriter(out, true));

        assertThat(out.toString())
                .startsWith("gateway a1: 8 unfinished images of 1 job\n\nNo stage node has joined yet.")
                .contains("weir node text-encoder,denoiser,decoder --join")
                .doesNotContain("backlog");
    }

    @Test
    void aWatchShowsNodesThatLeftForAMinuteAndSeparatesItsTables() {
        StringWriter out = new StringWriter();
        AtomicLong now = new AtomicLong();
        StatusWatch watch = new StatusWatch(new PrintWriter(out), false, now::get);
        watch.show(cluster(node("aa", false), node("bb", true)));
        watch.show(cluster());

        String gone = out.toString().split("\n\ngateway")[1];
        assertThat(gone).containsPattern("denoiser +aa .* lost").containsPattern("denoiser +bb .* drained and left");
        now.addAndGet(Duration.ofSeconds(61).toNanos());
        out.getBuffer().setLength(0);
        watch.show(cluster(node("cc", false)));
        assertThat(out.toString()).contains("cc").doesNotContain("aa", "bb", "\u001b");
    }

    @Test
    void aWatchedTerminalIsRedrawn() {
        StringWriter out = new StringWriter();
        StatusWatch watch = new StatusWatch(new PrintWriter(out), true, () -> 0);
        watch.show(cluster(node("aa", false)));
        watch.show("no gateway answers");

        assertThat(out.toString())
                .startsWith("\u001b[H\u001b[2Jgateway")
                .endsWith("\u001b[H\u001b[2Jno gateway answers\n");
    }

    private static ClusterStatus cluster(ClusterStatus.Node... nodes) {
        List<ClusterStatus.Stage> stages = List.of(
                new ClusterStatus.Stage("denoiser", List.of(nodes)),
                new ClusterStatus.Stage("decoder", List.of(node("zz", false))));
        return new ClusterStatus(new ClusterStatus.Gateway("a1", 1, 8), List.of(), stages, "{}");
    }

    private static ClusterStatus.Node node(String name, boolean draining) {
        return new ClusterStatus.Node(
                name, List.of(), "cpu", "fp32", "torch", "avx2", "", 8, 8, 0, 0, 1, 0.1, 0, 3, 0, 0, draining);
    }
}
