package dev.weir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class ProgressDisplayTest {

    private final StringWriter written = new StringWriter();
    private final AtomicLong nanos = new AtomicLong();

    @Test
    void aPipeGetsALineForEachQuarter() {
        ProgressDisplay display = new ProgressDisplay(new PrintWriter(written), false, nanos::get);
        display.note("queued");
        display.note("queued");
        for (int step = 1; step <= 20; step++) {
            display.steps(step, 20);
            nanos.addAndGet(100_000_000L);
        }
        display.clear();
        assertThat(written.toString().lines())
                .containsExactly(
                        "queued",
                        "step 5 of 20, 1.5 s left",
                        "step 10 of 20, 1.0 s left",
                        "step 15 of 20, 0.5 s left",
                        "step 20 of 20");
    }

    @Test
    void aTerminalGetsOneLineThatIsRedrawnAndTakenAway() {
        ProgressDisplay display = new ProgressDisplay(new PrintWriter(written), true, nanos::get);
        display.steps(1, 3);
        nanos.addAndGet(2_000_000_000L);
        display.steps(2, 3);
        display.clear();
        assertThat(written.toString())
                .contains("\r[##########--------------------] 1/3\u001b[K")
                .contains("\r[####################----------] 2/3, 2.0 s left\u001b[K")
                .endsWith("\r\u001b[K")
                .doesNotContain("\n");
    }

    @Test
    void aServerThatStartsSaysSoOnATerminalOnly() {
        assertThat(starting(true, "models/default", "tiny")).isEqualTo("loading default, tiny …\n");
        assertThat(starting(true)).isEqualTo("starting …\n");
        assertThat(starting(false, "models/default")).isEmpty();
    }

    private static String starting(boolean isTerminal, String... models) {
        StringWriter err = new StringWriter();
        new ProgressDisplay(new PrintWriter(err), isTerminal, System::nanoTime)
                .starting(Stream.of(models).map(Path::of).toList());
        return err.toString();
    }
}
