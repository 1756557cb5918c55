package dev.weir.cli;

import dev.weir.gateway.GatewayConfig;
import dev.weir.runtime.NodeConfig;
import dev.weir.serving.SteppingStage;
import java.time.Duration;
import java.util.Map;
import picocli.CommandLine.Option;

/** The limits of a process, and its drain time. */
final class LimitOptions {

    private boolean ofOneRequest;

    @Option(
            names = "--max-held",
            paramLabel = "N",
            description = "Samples that a stage holds at once, including waiting ones. Default: ${DEFAULT-VALUE}.")
    private int held = 32;

    @Option(
            names = "--max-rows",
            paramLabel = "N",
            description =
                    "The maximum number of rows of a denoiser's forward pass. The best number is measured. Default: "
                            + "${DEFAULT-VALUE}.")
    private int rows = 32;

    @Option(
            names = "--user-weight",
            paramLabel = "NAME=WEIGHT",
            split = ",",
            description = "Shares of a denoiser's time by the user that requests name. Other users have 1.")
    private Map<String, Double> userWeights = Map.of();

    @Option(
            names = "--max-images",
            paramLabel = "N",
            description = "Unfinished images that a gateway may own. Above it, the answer is 429. Default: "
                    + "${DEFAULT-VALUE}.")
    private int images = 512;

    @Option(
            names = "--drain-time",
            paramLabel = "SECONDS",
            description =
                    "How long held work may take after SIGTERM. The rest is handed back. Default: ${DEFAULT-VALUE}.")
    private int drainSeconds = 25;

    @Option(
            names = "--checkpoint-ms",
            paramLabel = "N",
            description = "How often the checkpoint of a running sample goes to its owner, so that another node can "
                    + "continue from it; 0: after each step. Default: ${DEFAULT-VALUE}.")
    private long checkpointMs = SteppingStage.Limits.CHECKPOINT_EVERY.toMillis();

    /** Of a process that ends after one request. */
    static LimitOptions ofOneRequest() {
        LimitOptions limits = new LimitOptions();
        limits.ofOneRequest = true;
        return limits;
    }

    int held() {
        return atLeastOne("--max-held", held);
    }

    SteppingStage.Limits stepping() {
        if (checkpointMs < 0) {
            throw new CliException(CliException.USAGE, "--checkpoint-ms must be at least 0, not " + checkpointMs);
        }
        userWeights.forEach((user, weight) -> {
            if (weight == null || !(weight > 0) || weight.isInfinite()) {
                String message = "--user-weight of %s must be more than 0, not %s".formatted(user, weight);
                throw new CliException(CliException.USAGE, message);
            }
        });
        SteppingStage.Limits limits = new SteppingStage.Limits(
                        held(), atLeastOne("--max-rows", rows), Duration.ofMillis(checkpointMs))
                .withUserWeights(userWeights);
        return ofOneRequest ? limits.withoutProfile() : limits;
    }

    GatewayConfig.Limits gateway() {
        return GatewayConfig.Limits.DEFAULT.withSamples(
                Math.max(Math.min(GatewayConfig.Limits.DEFAULT.jobs(), images), images / 2),
                atLeastOne("--max-images", images));
    }

    NodeConfig.Limits node() {
        NodeConfig.Limits defaults = NodeConfig.Limits.DEFAULT;
        return new NodeConfig.Limits(Duration.ofSeconds(drainSeconds), defaults.stallLimit(), defaults.patience());
    }

    private static int atLeastOne(String flag, int value) {
        if (value < 1) {
            throw new CliException(CliException.USAGE, flag + " must be at least 1, not " + value);
        }
        return value;
    }
}
