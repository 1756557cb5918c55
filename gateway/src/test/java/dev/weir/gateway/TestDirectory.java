package dev.weir.gateway;

import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.route.NodeDirectory;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** A directory that a test fills. */
final class TestDirectory implements NodeDirectory {

    private final List<NodeStatus> nodes = new CopyOnWriteArrayList<>();

    void put(NodeStatus status) {
        nodes.removeIf(known -> same(known, status));
        nodes.add(status);
    }

    void remove(StageKind stage) {
        nodes.removeIf(known -> known.getStage() == stage);
    }

    @Override
    public List<NodeStatus> alive() {
        return List.copyOf(nodes);
    }

    @Override
    public void onLost(Consumer<NodeStatus> listener) {}

    private static boolean same(NodeStatus one, NodeStatus other) {
        return one.getNodeId().equals(other.getNodeId()) && one.getStage() == other.getStage();
    }
}
