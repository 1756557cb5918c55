package dev.weir.runtime.cluster;

import static dev.weir.proto.v1.StageKind.DECODER;
import static dev.weir.proto.v1.StageKind.DENOISER;
import static dev.weir.runtime.Futures.failure;
import static dev.weir.runtime.Futures.get;
import static dev.weir.runtime.TestNodes.awaitStages;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.Parcel;
import dev.weir.proto.v1.Cancel;
import dev.weir.proto.v1.Event.WhatCase;
import dev.weir.runtime.BusTls;
import dev.weir.runtime.ClusterConfig;
import dev.weir.runtime.FreePorts;
import dev.weir.runtime.HostPort;
import dev.weir.runtime.Node;
import dev.weir.runtime.Role;
import dev.weir.runtime.TestAuthority;
import dev.weir.runtime.TestNodes;
import dev.weir.runtime.TestOwner;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.bus.Courier;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes with certificates of one authority, and others that have none of it but found the cluster all the same. */
class BusSecurityTest {

    private static @TempDir Path folder;
    private static TestNodes nodes;
    private static HostPort gatewayAddress;
    private static Node gateway;
    private static TestOwner owner;
    private static BusTls ours;
    private static BusTls theirs;

    @BeforeAll
    static void startCluster() throws Exception {
        TestAuthority authority = new TestAuthority(folder, "ours");
        ours = authority.issue("gateway", 1);
        theirs = new TestAuthority(folder, "theirs").issue("intruder", 1);
        nodes = new TestNodes(folder, new Semaphore(1_000_000));
        gatewayAddress = FreePorts.onLoopback();
        gateway = nodes.start(nodes.secured(gatewayAddress, List.of(), ours, Role.GATEWAY));
        nodes.start(nodes.secured(
                FreePorts.onLoopback(),
                List.of(gatewayAddress),
                authority.issue("stages", 1),
                Role.DENOISER,
                Role.DECODER));
        awaitStages(gateway, DENOISER, 1);
        awaitStages(gateway, DECODER, 1);
        owner = get(TestOwner.on(gateway.context()));
    }

    @AfterAll
    static void closeAll() throws Exception {
        nodes.close();
    }

    @Test
    void nodesOfOneAuthorityWorkTogether() throws Exception {
        workPasses();
    }

    @Test
    void aNodeOfAForeignAuthorityIsRefusedAndDisturbsNobody() throws Exception {
        staysOutside(Optional.of(theirs));
    }

    @Test
    void aNodeThatOnlyPretendsToKnowTheAuthorityIsRefused() throws Exception {
        staysOutside(Optional.of(new BusTls(theirs.certificate(), theirs.key(), ours.authority())));
    }

    @Test
    void aPlainTextNodeIsRefusedAndDisturbsNobody() throws Exception {
        staysOutside(Optional.empty());
    }

    /** Its way into the membership is open, since Hazelcast's port knows no TLS; into the bus there is none. */
    private static void staysOutside(Optional<BusTls> tls) throws Exception {
        ClusterConfig config = new ClusterConfig(
                nodes.clusterName(), Optional.of(FreePorts.onLoopback()), 0, List.of(gatewayAddress), false, 0, tls);
        Vertx intruder = get(Cluster.join("intruder", config, false, Vertx.builder(), new VertxOptions(), reason -> {}))
                .vertx();
        try {
            Courier courier = Courier.of(intruder, new SimpleMeterRegistry());
            List<Parcel> overheard = new CopyOnWriteArrayList<>();
            get(courier.listen(Addresses.STATUS, delivery -> overheard.add(delivery.parcel())));
            List<Parcel> letIn = new CopyOnWriteArrayList<>();
            String door = "weir.test." + gateway.context().nodeId() + "-" + UUID.randomUUID();
            get(gateway.context().courier().listen(door, delivery -> letIn.add(delivery.parcel())));
            String trap = "weir.test.intruder-" + UUID.randomUUID();
            get(courier.listen(trap, delivery -> overheard.add(delivery.parcel())));
            Parcel message = Parcel.of(Cancel.getDefaultInstance());

            assertThat(failure(courier.offer(door, message))).isNotNull();
            assertThat(failure(gateway.context().courier().offer(trap, message)))
                    .isNotNull();

            workPasses();
            assertThat(letIn).isEmpty();
            assertThat(overheard).isEmpty();
        } finally {
            get(intruder.close());
        }
    }

    private static void workPasses() throws Exception {
        String job = UUID.randomUUID().toString();
        get(owner.dispatch(owner.task(job, DENOISER, DECODER).build(), 1));
        await().until(() -> !owner.heard(job, WhatCase.FINISHED).isEmpty());
    }
}
