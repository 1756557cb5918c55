package dev.weir.cli;

import dev.weir.gateway.GatewayConfig.Patience;
import java.time.Duration;
import picocli.CommandLine.Option;

/** How long a gateway's jobs may take, and how long it keeps them. */
final class JobOptions {

    private static final Duration LONGEST = Duration.ofDays(30);

    @Option(
            names = "--job-time",
            paramLabel = "SECONDS",
            description =
                    "How long a job may take, with its wait. One that would take longer is refused, and one that does "
                            + "fails. The same at all gateways of a cluster. Default: ${DEFAULT-VALUE}.")
    private long jobSeconds = Patience.DEFAULT.deadline().toSeconds();

    @Option(
            names = "--keep-jobs",
            paramLabel = "SECONDS",
            description = "How long a job and its images can be asked for after its end. The same at all gateways of a "
                    + "cluster. Default: ${DEFAULT-VALUE}.")
    private long keepSeconds = Patience.DEFAULT.result().toSeconds();

    /** Throws {@link IllegalArgumentException} for a time outside of the bounds. */
    Patience patience() {
        return Patience.DEFAULT
                .withDeadline(bounded("--job-time", jobSeconds))
                .withResult(bounded("--keep-jobs", keepSeconds));
    }

    /** Of a gateway with one user, who waits and may interrupt: a job and each of its steps may take as long as any job may. */
    static Patience ofOneRequest() {
        return new Patience(LONGEST, LONGEST, Patience.DEFAULT.slowClient(), Patience.DEFAULT.result());
    }

    private static Duration bounded(String option, long seconds) {
        if (seconds < 1 || seconds > LONGEST.toSeconds()) {
            throw new IllegalArgumentException(
                    "%s must be from 1 to %d, not %d".formatted(option, LONGEST.toSeconds(), seconds));
        }
        return Duration.ofSeconds(seconds);
    }
}
