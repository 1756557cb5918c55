package dev.weir.bench.simulation;

import dev.weir.gateway.GatewayConfig;
import dev.weir.gateway.GatewayConfig.Limits;
import dev.weir.gateway.GatewayConfig.Patience;
import dev.weir.runtime.memory.MemoryArea;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Gateways, stages, a store and clients, in one thread on a virtual clock, from one seed. The gateways and stages are
 * the classes of production; the network, the store, the devices and the clients are simulated.
 */
public final class Simulation {

    private static final Duration DEADLINE = Duration.ofMinutes(2);
    /** Of jobs that wait for hundreds of others. */
    private static final Duration DEADLINE_OF_MANY = Duration.ofMinutes(10);

    private static final int FEW = 9;
    private static final Duration RESULT = Duration.ofSeconds(60);
    /** After the last fault, every sample ends within this time. */
    private static final long BOUND_MS = 40_000;
    /** Samples beyond the first hundred may take so much longer, if there is one denoiser. */
    private static final long BOUND_PER_SAMPLE_MS = 400;
    /**
     * After the last fault and the last sample, nothing is left after this time. Results are kept for a shorter time. A
     * stage repeats an end to an owner that is gone until the deadline of the job.
     */
    private static final long LEFT_MS = DEADLINE.toMillis() + 20_000;

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
        return run(seed, Set.of(), null, verbose);
    }

    /** Runs a seed with faults of some kinds, and crashes. */
    public static Outcome run(long seed, Set<Fault.Kind> kinds) {
        return run(seed, kinds, null, false);
    }

    /** The same seed with as few of its faults as still violate an invariant. */
    public static Outcome minimised(Outcome failed) {
        List<Fault> faults = new ArrayList<>(failed.faults());
        for (Fault fault : failed.faults()) {
            List<Fault> fewer = new ArrayList<>(faults);
            fewer.remove(fault);
            if (run(failed.seed(), Set.of(), fewer, false).failed()) {
                faults = fewer;
            }
        }
        return run(failed.seed(), Set.of(), faults, true);
    }

    /** @param only the faults that happen; null: all of the seed */
    private static Outcome run(long seed, Set<Fault.Kind> kinds, List<Fault> only, boolean verbose) {
        SplittableRandom plan = new SplittableRandom(seed);
        World world = new World(plan.nextLong(), verbose);
        Network network = new Network(world);
        Store store = new Store(world);
        store.quorum = plan.nextInt(4) == 0;
        int jobs = 1 + plan.nextInt(1 + plan.nextInt(most(plan)));
        boolean mayFail = plan.nextInt(3) == 0;
        GatewayConfig config = GatewayConfig.on("", 0)
                .with(strikes(mayFail ? 2 + plan.nextInt(2) : NO_STRIKES))
                .with(new Patience(
                        jobs > FEW ? DEADLINE_OF_MANY : DEADLINE,
                        Patience.DEFAULT.silence(),
                        Patience.DEFAULT.slowClient(),
                        RESULT));
        Cluster cluster = new Cluster(world, network, store, config, plan);
        List<Fault> faults = Fault.draw(plan.split(), kinds, cluster.gateways().size(), cluster.places());
        boolean isDivided = faults.stream().anyMatch(fault -> fault.kind() == Fault.Kind.PARTITION);
        boolean isStoreLate = faults.stream().anyMatch(fault -> fault.kind().isOfStore());
        Client.Expected expected = new Client.Expected(isDivided, isDivided || isStoreLate, mayFail);
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < jobs; i++) {
            clients.add(new Client(world, cluster, plan, i, expected));
        }
        Faults happening = new Faults(world, network, store, cluster);
        happening.schedule(only == null ? faults : only);
        boolean looksAtWhatIsLeft = jobs <= FEW && plan.nextInt(16) == 0;
        if (runs(world, happening, clients) && looksAtWhatIsLeft) {
            checkLeft(world, happening, cluster, store);
        }
        if (cluster.restarts("silence") > 0) {
            world.violate("a sample was silent until the last resort");
        }
        return new Outcome(seed, world.events(), jobs, only == null ? faults : only, world.violations, world.history());
    }

    /** Jobs of a seed. */
    private static int most(SplittableRandom plan) {
        return switch (plan.nextInt(400)) {
            case 0 -> 400;
            case 1, 2, 3, 4, 5, 6, 7, 8 -> 120;
            default -> FEW;
        };
    }

    private static Limits strikes(int strikes) {
        Limits limits = Limits.DEFAULT;
        return new Limits(
                limits.requests(),
                limits.jobs(),
                limits.samples(),
                limits.samplesPerSocket(),
                strikes,
                limits.memory());
    }

    /** @return whether every job ended in time, and nothing was violated */
    private static boolean runs(World world, Faults faults, List<Client> clients) {
        int samples = clients.stream().mapToInt(Client::samples).sum();
        long bound = BOUND_MS + BOUND_PER_SAMPLE_MS * Math.max(0, samples - 100);
        long until = faults.lastMs() + bound;
        while (world.violations.isEmpty() && !clients.stream().allMatch(Client::isDone)) {
            for (int i = 0; i < 64 && world.violations.isEmpty(); i++) {
                if (!world.step(until = Math.max(until, faults.lastMs() + bound))) {
                    clients.stream()
                            .filter(client -> !client.isDone())
                            .forEach(client -> world.violate(client + ", %d ms after the last fault".formatted(bound)));
                    return false;
                }
            }
        }
        return world.violations.isEmpty();
    }

    private static void checkLeft(World world, Faults faults, Cluster cluster, Store store) {
        // Samples whose clients know their ends may be regenerated for a new owner after the last fault.
        long until = Math.max(world.ms(), faults.lastMs()) + LEFT_MS;
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
