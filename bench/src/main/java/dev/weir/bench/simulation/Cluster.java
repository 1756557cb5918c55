package dev.weir.bench.simulation;

import dev.weir.gateway.GatewayConfig;
import dev.weir.gateway.GatewayProtocol;
import dev.weir.gateway.job.ImageMemory;
import dev.weir.gateway.job.ModelCatalog;
import dev.weir.gateway.job.UserRules;
import dev.weir.proto.Parcel;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.Loop;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.bus.Courier;
import dev.weir.runtime.memory.ClusterMemory;
import dev.weir.runtime.ops.Health;
import dev.weir.runtime.route.OfferDispatcher;
import dev.weir.runtime.route.StatusDirectory;
import dev.weir.runtime.stage.StageProtocol;
import dev.weir.runtime.trace.Tracing;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** The gateways and stage nodes of a simulation, each in a place that a new node takes after the loss of one. */
final class Cluster implements Network.Observer {

    private static final Duration NO_NODE_PATIENCE = Duration.ofMillis(1500);
    private static final int CAPACITY = 6;

    /** A node and what runs on it: a gateway or a stage. */
    record Member(Process process, OfferDispatcher dispatcher, GatewayProtocol gateway, StageProtocol stage) {

        boolean isUp() {
            return process.isUp();
        }
    }

    private final World world;
    private final Network network;
    private final Store store;
    private final StageCheck stages;
    private final EndCheck ends;
    private final GatewayConfig config;
    private final MeterRegistry metrics = new SimpleMeterRegistry();
    private final List<StageKind> kinds = new ArrayList<>();
    private final List<Member> members = new ArrayList<>();
    private int started;

    /** @param plan decides on the numbers of nodes */
    Cluster(World world, Network network, Store store, GatewayConfig config, SplittableRandom plan) {
        this.world = world;
        this.network = network;
        this.store = store;
        this.config = config;
        this.stages = new StageCheck(world);
        this.ends = new EndCheck(world);
        network.observedBy(this);
        int gateways = 1 + Math.min(plan.nextInt(5), plan.nextInt(5));
        for (int i = 0; i < gateways; i++) {
            kinds.add(null);
        }
        SimulatedModel.KINDS.forEach(kind -> {
            int nodes = 1 + plan.nextInt(kind == StageKind.DENOISER ? 4 : 2);
            for (int i = 0; i < nodes; i++) {
                kinds.add(kind);
            }
        });
        for (int place = 0; place < kinds.size(); place++) {
            members.add(null);
            start(place);
        }
    }

    @Override
    public Runnable receives(Process receiver, Parcel parcel) {
        if (!parcel.header().hasOffer() && !parcel.header().hasCancel()) {
            return () -> {};
        }
        ends.receives(receiver, parcel);
        for (Member member : members) {
            if (member != null && member.process == receiver && member.stage != null) {
                return stages.receives(receiver, member.stage, parcel);
            }
        }
        return () -> {};
    }

    @Override
    public void delivers(Process sender, String address, Parcel event) {
        ends.delivers(sender, address, event);
    }

    @Override
    public void acknowledged(Process sender, Parcel event) {
        ends.acknowledged(sender, event);
    }

    int places() {
        return members.size();
    }

    boolean isGateway(Process process) {
        return gateways().stream().anyMatch(gateway -> gateway.process == process);
    }

    Member at(int place) {
        return members.get(place);
    }

    List<Member> all() {
        return members;
    }

    List<Member> gateways() {
        return members.stream().filter(member -> member.gateway != null).toList();
    }

    double restarts(String reason) {
        return metrics.find("weir.gateway.restarts").tag("reason", reason).counters().stream()
                .mapToDouble(counter -> counter.count())
                .sum();
    }

    /** A new node takes a place. */
    void start(int place) {
        StageKind kind = kinds.get(place);
        String name =
                (kind == null ? "gateway" : dev.weir.runtime.bus.Addresses.name(kind)) + "-" + place + "-" + started++;
        Process process = new Process(world, name);
        Loop loop = new SimulatedLoop(world, process);
        Courier courier = network.courier(process, loop);
        ClusterMemory memory = store.memory(process, loop);
        StatusDirectory directory = new StatusDirectory(loop, memory::isMember);
        OfferDispatcher dispatcher = new OfferDispatcher(loop, courier, directory, metrics, NO_NODE_PATIENCE);
        dispatcher.start();
        directory.start(courier);
        NodeContext node = new NodeContext(
                null,
                name,
                courier,
                directory,
                dispatcher,
                memory,
                new Health(Duration.ofSeconds(30)),
                metrics,
                Tracing.off(),
                loop,
                0);
        if (kind == null) {
            GatewayProtocol gateway = new GatewayProtocol(
                    node,
                    config,
                    new ModelCatalog(node.directory(), loop::nanos),
                    new ImageMemory(config.limits().memory().attachmentsBytes()),
                    UserRules.NONE);
            gateway.start();
            members.set(place, new Member(process, dispatcher, gateway, null));
        } else {
            SimulatedStage stage = new SimulatedStage(kind, CAPACITY, world.random.split());
            StageProtocol protocol = new StageProtocol(node, stage);
            long turn =
                    1000 * (kind == StageKind.DENOISER ? 40 + world.random.nextInt(80) : 10 + world.random.nextInt(40));
            protocol.start(new SimulatedDevice(world, process, stage, protocol.outbox(), protocol.turns(), turn));
            members.set(place, new Member(process, dispatcher, null, protocol));
        }
    }

    void crash(int place) {
        Member member = members.get(place);
        member.process.die();
        store.left(member.process);
    }

    /** Tells a node to stop. It ends when it is done, or at the deadline. */
    void stop(int place, Duration deadline) {
        Member member = members.get(place);
        Future<Void> left = member.gateway == null
                ? member.stage.drain(deadline)
                : member.gateway
                        .drain(deadline)
                        .compose(idle -> member.gateway.leave())
                        .compose(gone -> member.gateway.close());
        left.onComplete(done -> world.after(5000, member.process, () -> {
            member.process.die();
            store.left(member.process);
        }));
    }
}
