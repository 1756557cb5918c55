package dev.weir.bench.chaos;

import dev.weir.bench.cluster.Member;
import dev.weir.bench.cluster.ProcessCluster;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Applies one fault after the other to random nodes, with a pause for recovery. Blocks its thread. */
final class Storm {

    private static final Logger LOG = LoggerFactory.getLogger(Storm.class);
    private static final int LEAST_PAUSE_MS = 1500;
    private static final int MOST_PAUSE_MS = 6000;
    /** From a duration that a lease survives to one after which a node is no member any more. */
    private static final int SHORTEST_MS = 1000;

    private static final int LONGEST_MS = 14_000;

    private final ProcessCluster cluster;
    private final Tally tally;
    private final String only;
    private final RandomGenerator random;
    private final long beginNanos = System.nanoTime();

    /** @param only faults with this in their names */
    Storm(ProcessCluster cluster, Tally tally, String only, RandomGenerator random) {
        this.cluster = cluster;
        this.tally = tally;
        this.only = only;
        this.random = random;
    }

    /** Every node is up when it returns. */
    void rage(Duration time) throws IOException, InterruptedException {
        List<Member> members = cluster.members().stream()
                .filter(member -> !fitting(member).isEmpty())
                .toList();
        if (members.isEmpty()) {
            throw new IllegalArgumentException("no fault has \"" + only + "\" in its name");
        }
        while (System.nanoTime() - beginNanos < time.toNanos()) {
            TimeUnit.MILLISECONDS.sleep(random.nextInt(LEAST_PAUSE_MS, MOST_PAUSE_MS));
            startEndedAnew();
            Member member = members.get(random.nextInt(members.size()));
            FaultKind kind = draw(fitting(member));
            Fault fault = new Fault(name(kind, member), System.nanoTime());
            tally.struck(fault);
            kind.strike(member, Duration.ofMillis(random.nextInt(SHORTEST_MS, LONGEST_MS)), random);
            LOG.info(
                    "{} s: {} {}, all well again after {} s; {} jobs are over",
                    seconds(beginNanos, fault.nanos()),
                    kind,
                    member,
                    seconds(fault.nanos(), System.nanoTime()),
                    tally.sent());
        }
    }

    /** A node may end itself if it cannot recover. Like a platform, this restarts it. */
    private void startEndedAnew() {
        for (Member member : cluster.members()) {
            if (!member.process().isAlive()) {
                LOG.warn("{} ended itself, and is started anew", member);
                tally.struck(new Fault("end of itself " + member.role(), System.nanoTime()));
                member.start();
                member.awaitReady();
            }
        }
    }

    private static String name(FaultKind kind, Member member) {
        return kind + " " + member.role();
    }

    private List<FaultKind> fitting(Member member) {
        return Arrays.stream(FaultKind.values())
                .filter(kind -> kind.fits(member) && name(kind, member).contains(only))
                .toList();
    }

    private FaultKind draw(List<FaultKind> fitting) {
        int left = random.nextInt(fitting.stream().mapToInt(FaultKind::weight).sum());
        for (FaultKind kind : fitting) {
            left -= kind.weight();
            if (left < 0) {
                return kind;
            }
        }
        throw new AssertionError("the weights are what they were summed from");
    }

    private static String seconds(long from, long to) {
        return "%.1f".formatted((to - from) / 1e9);
    }
}
