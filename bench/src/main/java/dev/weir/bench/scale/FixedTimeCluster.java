package dev.weir.bench.scale;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.bench.cluster.Host;
import dev.weir.bench.cluster.ProcessCluster;
import dev.weir.bench.cluster.ProcessCluster.Layout;
import dev.weir.bench.cluster.WeirProcess;
import dev.weir.bench.cluster.WeirProcess.Jvm;
import dev.weir.bench.scale.FixedTimeStage.Pace;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.Role;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.StreamSupport;

/** A gateway, a text encoder, a decoder, and any number of denoisers. All except the gateway take fixed times. */
final class FixedTimeCluster implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pace SMALL_STAGE = new Pace(Duration.ofMillis(5), 16, 128);
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final long LOOK_MS = 100;
    private static final String MOST_IMAGES = "4000";

    private final Path model;
    private final ProcessCluster gateway;
    private final List<WeirProcess> stages = new ArrayList<>();
    private final WeirProcess router;
    private int denoisers;

    FixedTimeCluster(Path model) {
        this.model = model;
        this.gateway = ProcessCluster.start(
                new Layout(Map.of(Role.GATEWAY, 1), Map.of(Role.GATEWAY, List.of("--max-images", MOST_IMAGES))),
                () -> Host.LOOPBACK);
        this.router = start(StageKind.TEXT_ENCODER, 1, SMALL_STAGE);
        start(StageKind.DECODER, 1, SMALL_STAGE);
    }

    private WeirProcess start(StageKind stage, int nodes, Pace pace) {
        var settings =
                new FixedTimeNodes.Settings(gateway.name(), gateway.addresses().get(0), stage, nodes, pace, model);
        WeirProcess process = WeirProcess.start(
                Jvm.WEIR.withHeap("1g").withBothCompilers().running(FixedTimeNodes.class), settings.toArguments());
        stages.add(process);
        return process;
    }

    /**
     * Starts one more process of denoisers. It is ready when this returns, but the others may not know it yet.
     *
     * @return the seconds of their registration
     */
    double add(int nodes, Pace pace) {
        double seconds =
                Double.parseDouble(start(StageKind.DENOISER, nodes, pace).awaitReady());
        denoisers += nodes;
        return seconds;
    }

    int denoisers() {
        return denoisers;
    }

    URI url() {
        return gateway.gateways().get(0);
    }

    /** The gateway's view of each denoiser; nothing while a stage is missing. */
    List<JsonNode> statuses() throws IOException {
        JsonNode stagesNow = JSON.readTree(url().resolve("/v1/cluster").toURL()).path("stages");
        if (nodes(stagesNow, "text-encoder").isEmpty()
                || nodes(stagesNow, "decoder").isEmpty()) {
            return List.of();
        }
        return nodes(stagesNow, "denoiser");
    }

    private static List<JsonNode> nodes(JsonNode stagesNow, String name) {
        return StreamSupport.stream(stagesNow.spliterator(), false)
                .filter(stage -> stage.path("stage").asText().equals(name))
                .flatMap(stage -> StreamSupport.stream(stage.path("nodes").spliterator(), false))
                .toList();
    }

    /** @return seconds until the gateway's view was as expected */
    double await(Predicate<List<JsonNode>> wanted) throws IOException, InterruptedException {
        long begin = System.nanoTime();
        while (!wanted.test(statuses())) {
            if (System.nanoTime() - begin > PATIENCE.toNanos()) {
                throw new IllegalStateException("the cluster is not as it should be after " + PATIENCE);
            }
            Thread.sleep(LOOK_MS);
        }
        return (System.nanoTime() - begin) / 1e9;
    }

    /** The gateway's CPU seconds so far. */
    double gatewayCpuSeconds() {
        return cpuSeconds(gateway.members().get(0).process());
    }

    /** The CPU seconds so far of the text encoder, which finds a denoiser for each sample. */
    double routerCpuSeconds() {
        return cpuSeconds(router);
    }

    private static double cpuSeconds(WeirProcess process) {
        return ProcessHandle.of(process.pid())
                        .flatMap(handle -> handle.info().totalCpuDuration())
                        .orElseThrow(() -> new IllegalStateException("a process has ended:\n" + process.transcript()))
                        .toNanos()
                / 1e9;
    }

    @Override
    public void close() {
        stages.forEach(WeirProcess::close);
        gateway.close();
    }
}
