package dev.weir.bench.simulation;

import dev.weir.bench.simulation.Cluster.Member;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Lets the faults of a simulation happen, and end. */
final class Faults {

    /** After so long the others remove a node, or one half of the cluster the other half. */
    private static final long REMOVED_MS = 10_000;

    private static final Duration STOP = Duration.ofSeconds(3);
    private static final long SLOW_MS = 1500;

    private final World world;
    private final Network network;
    private final Store store;
    private final Cluster cluster;
    private final Process fate;
    private long lastMs;

    Faults(World world, Network network, Store store, Cluster cluster) {
        this.world = world;
        this.network = network;
        this.store = store;
        this.cluster = cluster;
        this.fate = new Process(world, "fate");
    }

    /** When the last effect of a fault ended. */
    long lastMs() {
        return lastMs;
    }

    void schedule(List<Fault> faults) {
        for (Fault fault : faults) {
            lastMs = Math.max(lastMs, fault.endMs());
            at(fault.atMs(), () -> {
                world.note(() -> "FAULT " + fault);
                begin(fault);
            });
        }
    }

    private void at(long ms, Runnable action) {
        lastMs = Math.max(lastMs, ms);
        world.after(1000 * (ms - world.ms()), fate, action);
    }

    private void begin(Fault fault) {
        Member member = cluster.at(fault.place());
        long end = fault.endMs();
        switch (fault.kind()) {
            case CRASH -> {
                cluster.crash(fault.place());
                at(end, () -> replace(fault.place()));
            }
            case STOP -> {
                if (member.isUp()) {
                    cluster.stop(fault.place(), STOP);
                }
                // It may take as long as its jobs, and the owners' acknowledgements.
                at(end + 2 * STOP.toMillis() + 5000, () -> {
                    if (cluster.at(fault.place()) == member) {
                        cluster.crash(fault.place());
                        replace(fault.place());
                    }
                });
            }
            case FREEZE -> freeze(member, fault.forMs(), end);
            case CUT -> until(end, network.cut((from, to) -> from == member.process() || to == member.process()));
            case ONE_WAY -> {
                Process from = member.process();
                Process to = cluster.at(fault.other()).process();
                until(end, network.cut((sender, receiver) -> sender == from && receiver == to));
            }
            case MUTE -> until(end, network.cut((from, to) -> from == member.process() && cluster.isGateway(to)));
            case LOSS -> {
                network.loss = fault.share();
                at(end, () -> network.loss = 0);
            }
            case DUPLICATION -> {
                network.duplication = fault.share();
                at(end, () -> network.duplication = 0);
            }
            case REORDERING -> {
                network.reordering = fault.share();
                at(end, () -> network.reordering = 0);
            }
            case SLOW_STORE -> {
                store.slowMs = SLOW_MS;
                at(end, () -> store.slowMs = 0);
            }
            case SILENT_STORE -> {
                store.silence = fault.share();
                at(end, () -> store.silence = 0);
            }
            case SILENT_PART -> {
                store.silentPart = fault.other() % Store.PARTS;
                at(end, () -> store.silentPart = -1);
            }
            case PARTITION -> partition(fault);
        }
    }

    private void replace(int place) {
        if (cluster.at(place).process().isDead()) {
            cluster.start(place);
        }
    }

    private void freeze(Member member, long forMs, long end) {
        Process process = member.process();
        process.freeze();
        if (forMs > REMOVED_MS) {
            at(world.ms() + REMOVED_MS, () -> store.remove(process));
            at(end + 500 + world.random.nextLong(6000), () -> store.readmit(process));
        }
        at(end, process::thaw);
    }

    private void until(long end, Runnable over) {
        at(end, over);
    }

    private void partition(Fault fault) {
        Set<Process> side = new HashSet<>();
        for (int place = 0; place < cluster.places(); place++) {
            if (world.random.nextInt(3) == 0 || place == fault.place()) {
                side.add(cluster.at(place).process());
            }
        }
        Runnable heal = network.cut((from, to) -> side.contains(from) != side.contains(to));
        store.part(side);
        long end = fault.endMs();
        if (fault.forMs() > REMOVED_MS) {
            at(world.ms() + REMOVED_MS, store::divide);
            at(end, heal);
            at(end + 500 + world.random.nextLong(10_000), store::merge);
        } else {
            at(end, heal);
            at(end, store::merge);
        }
    }
}
