package dev.weir.bench.simulation;

import dev.weir.gateway.GatewayConfig;
import dev.weir.gateway.GatewayConfig.Limits;
import dev.weir.gateway.GatewayConfig.Patience;
import dev.weir.runtime.memory.MemoryArea;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Gateways, stages, a store and clients, in one thread on a virtual clock, from one seed. The gateways and stages are
 * the classes of production; the network, the store, the devices and the clients are simulated.
 */
public final class Simulation {

    private static final Duration DEADLINE = Duration.ofMinutes(5);
    private static final Duration RESULT = Duration.ofSeconds(60);
    /** After the last fault, every sample ends within this time. */
    private static final long BOUND_MS = 40_000;
    /** After the last sample, and the time for which results are kept, nothing is left after this time. */
    private static final long LEFT_MS = 15_000;

    private static final int STRIKES = 3;
    private static final int NO_STRIKES = 1000;

    /**
     * What a seed came to.
     *
     * @param history empty unless it was asked for
     */
    public record Outcome(
            long seed, long events, int jobs, List<Fault> faults, List<String> violations, List<String> history) {

        public Outcome {
            faults = List.copyOf(faults);
            violations = List.copyOf(violations);
            history = List.copyOf(history);
        }

        public boolean failed() {
            return !violations.isEmpty();
        }
    }

    private Simulation() {}

    /** Runs a seed with all of its faults. */
    public static Outcome run(long seed, boolean verbose) {
        return run(seed, null, verbose);
    }

    /** The same seed with as few of its faults as still violate an invariant. */
    public static Outcome minimised(Outcome failed) {
        List<Fault> faults = new ArrayList<>(failed.faults());
        for (Fault fault : failed.faults()) {
            List<Fault> fewer = new ArrayList<>(faults);
            fewer.remove(fault);
            if (run(failed.seed(), fewer, false).failed()) {
                faults = fewer;
            }
        }
        return run(failed.seed(), faults, true);
    }

    /** @param only the faults that happen; null: all of the seed */
    private static Outcome run(long seed, List<Fault> only, boolean verbose) {
        SplittableRandom plan = new SplittableRandom(seed);
        World world = new World(plan.nextLong(), verbose);
        Network network = new Network(world);
        Store store = new Store(world);
        store.quorum = plan.nextInt(4) == 0;
        boolean mayFail = plan.nextInt(3) == 0;
        GatewayConfig config = GatewayConfig.on("", 0)
                .with(strikes(mayFail ? STRIKES : NO_STRIKES))
                .with(new Patience(DEADLINE, Patience.DEFAULT.silence(), Patience.DEFAULT.slowClient(), RESULT));
        Cluster cluster = new Cluster(world, network, store, config, plan);
        List<Fault> faults = Fault.draw(plan.split(), cluster.places());
        boolean isDivided = faults.stream().anyMatch(fault -> fault.kind() == Fault.Kind.PARTITION);
        boolean isStoreLate = faults.stream().anyMatch(fault -> fault.kind().isOfStore());
        Client.Expected expected = new Client.Expected(isDivided, isDivided || isStoreLate, mayFail);
        List<Client> clients = new ArrayList<>();
        int jobs = 1 + plan.nextInt(1 + plan.nextInt(plan.nextInt(40) == 0 ? 120 : 9));
        for (int i = 0; i < jobs; i++) {
            clients.add(new Client(world, cluster, plan, i, expected));
        }
        Faults happening = new Faults(world, network, store, cluster);
        happening.schedule(only == null ? faults : only);
        boolean looksAtWhatIsLeft = plan.nextInt(12) == 0;
        if (runs(world, happening, clients) && looksAtWhatIsLeft) {
            checkLeft(world, cluster, store);
        }
        if (cluster.restarts("silence") > 0) {
            world.violate("a sample was silent until the last resort");
        }
        return new Outcome(seed, world.events(), jobs, only == null ? faults : only, world.violations, world.history());
    }

    private static Limits strikes(int strikes) {
        Limits limits = Limits.DEFAULT;
        return new Limits(
                limits.bodyBytes(),
                limits.promptLength(),
                limits.jobs(),
                limits.samples(),
                limits.samplesPerSocket(),
                limits.keptJobs(),
                limits.keptBytes(),
                limits.checkpointBytes(),
                strikes,
                limits.attachmentBytes(),
                limits.attachmentPixels(),
                limits.attachmentsBytes());
    }

    /** @return whether every job ended in time, and nothing was violated */
    private static boolean runs(World world, Faults faults, List<Client> clients) {
        long until = faults.lastMs() + BOUND_MS;
        while (world.violations.isEmpty() && !clients.stream().allMatch(Client::isDone)) {
            for (int i = 0; i < 64 && world.violations.isEmpty(); i++) {
                if (!world.step(until = Math.max(until, faults.lastMs() + BOUND_MS))) {
                    clients.stream()
                            .filter(client -> !client.isDone())
                            .forEach(client ->
                                    world.violate(client + ", %d ms after the last fault".formatted(BOUND_MS)));
                    return false;
                }
            }
        }
        return world.violations.isEmpty();
    }

    private static void checkLeft(World world, Cluster cluster, Store store) {
        long until = world.ms() + RESULT.toMillis() + LEFT_MS;
        while (world.violations.isEmpty() && world.step(until)) {}
        for (Cluster.Member member : cluster.all()) {
            if (!member.isUp()) {
                continue;
            }
            if (!member.dispatcher().isIdle()) {
                world.violate(member.process() + " still counts offers");
            }
            if (member.gateway() != null) {
                expectNone(world, member, "jobs", member.gateway().jobs().jobsInFlight());
                expectNone(world, member, "samples", member.gateway().jobs().samplesInFlight());
                expectNone(
                        world,
                        member,
                        "kept jobs",
                        member.gateway().ledger().kept().size());
            } else {
                expectNone(world, member, "samples", member.stage().held().size());
            }
        }
        store.left(MemoryArea.JOBS).forEach(job -> world.violate("the record of " + Words.id(job) + " is left"));
    }

    private static void expectNone(World world, Cluster.Member member, String what, int number) {
        if (number > 0) {
            world.violate("%s has %d %s left".formatted(member.process(), number, what));
        }
    }
}
