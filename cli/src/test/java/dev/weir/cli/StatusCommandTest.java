package dev.weir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.client.ClusterStatus;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
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
}
