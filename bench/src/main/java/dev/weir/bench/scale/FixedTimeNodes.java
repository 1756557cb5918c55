package dev.weir.bench.scale;

import dev.weir.bench.scale.FixedTimeStage.Pace;
import dev.weir.engine.ModelFolder;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.ClusterConfig;
import dev.weir.runtime.HostPort;
import dev.weir.runtime.NodeConfig;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.cluster.Cluster;
import dev.weir.runtime.stage.Stage;
import dev.weir.runtime.stage.StageNode;
import dev.weir.serving.ServedModels;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;

/**
 * A process of stage nodes whose stages take fixed times: one, or many that share a member of the cluster, a directory
 * and a dispatcher, each with its own address. So the process receives each status once, like a real one. Prints {@code
 * ready} and the seconds of their registration.
 */
final class FixedTimeNodes {

    private FixedTimeNodes() {}

    /** The process's command-line arguments. */
    record Settings(String cluster, String join, StageKind stage, int nodes, Pace pace, Path model) {

        List<String> toArguments() {
            return List.of(
                    cluster,
                    join,
                    stage.name(),
                    String.valueOf(nodes),
                    String.valueOf(pace.step().toMillis()),
                    String.valueOf(pace.rows()),
                    String.valueOf(pace.capacity()),
                    model.toAbsolutePath().toString());
        }

        static Settings of(String[] arguments) {
            return new Settings(
                    arguments[0],
                    arguments[1],
                    StageKind.valueOf(arguments[2]),
                    Integer.parseInt(arguments[3]),
                    new Pace(
                            Duration.ofMillis(Long.parseLong(arguments[4])),
                            Integer.parseInt(arguments[5]),
                            Integer.parseInt(arguments[6])),
                    Path.of(arguments[7]));
        }
    }

    public static void main(String[] arguments) throws InterruptedException {
        Settings settings = Settings.of(arguments);
        String id = UUID.randomUUID().toString().substring(0, 8);
        Vertx vertx = join(id, settings);
        List<ModelStatus> models = models(settings.stage(), settings.model());
        long begin = System.nanoTime();
        NodeContext.create(vertx, id, NodeConfig.Limits.DEFAULT, new SimpleMeterRegistry())
                .compose(shared -> Future.all(IntStream.range(0, settings.nodes())
                        .mapToObj(i -> deploy(shared, id + "-" + i, settings, models))
                        .toList()))
                .toCompletionStage()
                .toCompletableFuture()
                .join();
        System.out.printf("ready %.2f%n", (System.nanoTime() - begin) / 1e9);
        new CountDownLatch(1).await();
    }

    private static Vertx join(String id, Settings settings) {
        ClusterConfig config = new ClusterConfig(
                settings.cluster(), Optional.empty(), 0, List.of(HostPort.parse(settings.join())), true);
        return Cluster.join(id, config, false, Vertx.builder(), new VertxOptions(), reason -> System.exit(1))
                .toCompletionStage()
                .toCompletableFuture()
                .join()
                .vertx();
    }

    /** @param id that of the process, with a number: nodes of one process share its place on the bus, as devices do */
    private static Future<String> deploy(NodeContext shared, String id, Settings settings, List<ModelStatus> models) {
        NodeContext node = new NodeContext(
                shared.vertx(),
                id,
                shared.courier(),
                shared.directory(),
                shared.dispatcher(),
                shared.memory(),
                shared.health(),
                new SimpleMeterRegistry(),
                shared.tracing());
        Stage stage = new FixedTimeStage(settings.stage(), models, settings.pace());
        return shared.vertx().deployVerticle(new StageNode(node, stage));
    }

    /** The model's card; its weights are not read. */
    private static List<ModelStatus> models(StageKind stage, Path folder) {
        try (ServedModels<AutoCloseable> served = ServedModels.<AutoCloseable>open(
                stage, List.of(ModelFolder.open(folder)), opened -> () -> {}, (opened, nothing) -> {})) {
            return served.statuses();
        }
    }
}
