package dev.weir.runtime;

import static dev.weir.runtime.Futures.get;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.NodeConfig.Compute;
import dev.weir.runtime.NodeConfig.Limits;
import dev.weir.runtime.stage.StageNode;
import io.vertx.core.Deployable;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Semaphore;

/** Starts whole nodes with test stages, in a cluster of a name of its own, and closes them. */
public final class TestNodes {

    private static final int CAPACITY = 8;

    private final String clusterName = "test-" + UUID.randomUUID();
    private final Path model;
    private final Semaphore gate;
    private final List<Node> nodes = new ArrayList<>();

    /** @param gate holds the devices of all */
    public TestNodes(Path folder, Semaphore gate) throws IOException {
        this.model = folder;
        this.gate = gate;
        Files.writeString(folder.resolve("model_index.json"), "{}");
    }

    public NodeConfig alone(Role... roles) {
        return config(Optional.empty(), roles);
    }

    /** @param join empty: nobody */
    public NodeConfig member(HostPort bind, List<HostPort> join, boolean lite, Role... roles) {
        return config(Optional.of(new ClusterConfig(clusterName, Optional.of(bind), 0, join, lite)), roles);
    }

    /** A member that holds data, on a bus with TLS. */
    public NodeConfig secured(HostPort bind, List<HostPort> join, BusTls tls, Role... roles) {
        ClusterConfig plain = new ClusterConfig(clusterName, Optional.of(bind), 0, join, false);
        return config(Optional.of(plain.with(tls)), roles);
    }

    public String clusterName() {
        return clusterName;
    }

    private NodeConfig config(Optional<ClusterConfig> cluster, Role... roles) {
        HostPort anyPort = new HostPort("127.0.0.1", 0);
        Limits limits = new Limits(Duration.ofSeconds(20), Duration.ofMinutes(2), Duration.ofSeconds(10));
        return new NodeConfig(Set.of(roles), cluster, Optional.of(anyPort), Compute.auto(List.of(model)), limits);
    }

    /** To be closed with the others once it is up. */
    public Future<Node> starting(NodeConfig config) {
        return Node.start(config, this::create);
    }

    public Node start(NodeConfig config) throws Exception {
        return keep(get(starting(config)));
    }

    public Node keep(Node node) {
        nodes.add(node);
        return node;
    }

    /** Waits until the node sees that many live nodes of the stage. */
    public static void awaitStages(Node node, StageKind stage, int count) {
        await().until(() -> node.context().directory().alive(stage).size() == count);
    }

    private Deployable create(Role role, NodeContext context) {
        return role.stage()
                .<Deployable>map(stage -> new StageNode(context, new TestStage(stage, CAPACITY, gate)))
                .orElseGet(() -> new VerticleBase() {});
    }

    /** The last to come goes first. */
    public void close() throws Exception {
        gate.release(1_000_000);
        for (int i = nodes.size() - 1; i >= 0; i--) {
            get(nodes.get(i).close());
        }
    }
}
