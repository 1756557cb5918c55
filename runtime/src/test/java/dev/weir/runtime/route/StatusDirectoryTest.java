package dev.weir.runtime.route;

import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.Parcel;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.runtime.Loop;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.bus.Courier;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class StatusDirectoryTest {

    private static final long PUBLISH_MS = 200;

    private final Vertx vertx = Vertx.vertx();
    private final Courier courier = Courier.of(vertx, new SimpleMeterRegistry());
    private final Set<String> members = ConcurrentHashMap.newKeySet();
    private final StatusDirectory directory = new StatusDirectory(Loop.of(vertx), members::contains);
    private final List<String> lost = new CopyOnWriteArrayList<>();
    private long sequence;

    @BeforeEach
    void start() throws Exception {
        get(directory.start(courier));
        directory.onLost(status -> lost.add(status.getAddress()));
    }

    @AfterEach
    void close() throws Exception {
        get(vertx.close());
    }

    @Test
    void whoIsRemovedFromTheClusterIsLostThoughItIsStillHeardAndBackOnceItIsAMember() {
        members.add("one");
        speak("one", "weir.decoder.one");
        await().until(() -> alive().contains("weir.decoder.one"));

        members.clear();
        await().until(() -> lost.contains("weir.decoder.one"));
        assertThat(alive()).isEmpty();

        members.add("one");
        await().until(() -> alive().contains("weir.decoder.one"));
    }

    @Test
    void whereThereIsNoClusterAllAreHeard() {
        speak("", "weir.decoder.any");

        await().until(() -> alive().contains("weir.decoder.any"));
    }

    private void speak(String member, String address) {
        vertx.setPeriodic(
                0,
                PUBLISH_MS,
                timer -> courier.publish(
                        Addresses.STATUS,
                        Parcel.of(NodeStatus.newBuilder()
                                .setMember(member)
                                .setAddress(address)
                                .setSequence(++sequence)
                                .build())));
    }

    private List<String> alive() {
        return directory.alive().stream().map(NodeStatus::getAddress).toList();
    }
}
