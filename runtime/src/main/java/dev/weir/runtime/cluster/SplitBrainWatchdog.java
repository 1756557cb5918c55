package dev.weir.runtime.cluster;

import com.hazelcast.cluster.Member;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import io.vertx.core.Future;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Detects that this node cannot rejoin. The conditions: it was in a cluster, has been alone since, and at every check
 * for a minute another node answered, so the network is not the cause. A merge takes at most 20 s, and a node that
 * freezes during one may never merge. It must then be restarted. If nobody answers, it waits.
 *
 * <p>The oldest member waits twice as long. So of two nodes that have lost each other, one stays, and the cluster's
 * data with it. Checks are counted instead of time, because a node that stood still has not checked. One event loop.
 */
final class SplitBrainWatchdog {

    static final long LOOK_MS = 5000;
    private static final int LOOKS = 12;
    /** This many addresses are enough to find one that answers. */
    private static final int MOST_KNOWN = 64;

    private static final Logger log = LoggerFactory.getLogger(SplitBrainWatchdog.class);

    /** The members of this node's cluster as it sees them; only itself if it has left the cluster. */
    record View(boolean isOldest, List<InetSocketAddress> others) {

        static View of(HazelcastInstance hazelcast) {
            try {
                List<Member> members = new ArrayList<>(hazelcast.getCluster().getMembers());
                return new View(
                        members.get(0).localMember(),
                        members.stream()
                                .filter(member -> !member.localMember())
                                .map(Member::getSocketAddress)
                                .toList());
            } catch (HazelcastInstanceNotActiveException ended) {
                return new View(false, List.of());
            }
        }
    }

    @FunctionalInterface
    interface Timer {
        void after(long ms, Runnable task);
    }

    private final Supplier<View> view;
    private final Function<Collection<InetSocketAddress>, Future<Boolean>> anyAnswers;
    private final Timer timer;
    private final Consumer<String> lost;
    /** The other members that it was together with, the latest last. */
    private final Set<InetSocketAddress> known = new LinkedHashSet<>();

    private boolean wasOldest;
    private int lonelyLooks;

    /**
     * @param anyAnswers whether one of the given nodes, or another possible member, answers
     * @param lost called once, with the reason
     */
    SplitBrainWatchdog(
            Supplier<View> view,
            Function<Collection<InetSocketAddress>, Future<Boolean>> anyAnswers,
            Timer timer,
            Consumer<String> lost) {
        this.view = view;
        this.anyAnswers = anyAnswers;
        this.timer = timer;
        this.lost = lost;
    }

    /** Call it once the node has joined. */
    void watch() {
        timer.after(LOOK_MS, this::look);
    }

    private void look() {
        View now = view.get();
        if (now.others().isEmpty() && !known.isEmpty()) {
            anyAnswers.apply(List.copyOf(known)).otherwise(false).onSuccess(this::alone);
            return;
        }
        if (!now.others().isEmpty()) {
            together(now);
        }
        watch();
    }

    private void together(View now) {
        lonelyLooks = 0;
        wasOldest = now.isOldest();
        known.removeAll(now.others());
        known.addAll(now.others());
        Iterator<InetSocketAddress> longestGone = known.iterator();
        while (known.size() > MOST_KNOWN) {
            longestGone.next();
            longestGone.remove();
        }
    }

    private void alone(boolean somebodyAnswers) {
        lonelyLooks = somebodyAnswers ? lonelyLooks + 1 : 0;
        int patience = wasOldest ? 2 * LOOKS : LOOKS;
        if (lonelyLooks <= patience) {
            watch();
            return;
        }
        String reason =
                "alone for %d s although other nodes answer; restart this node".formatted(patience * LOOK_MS / 1000);
        log.error("This node is {}", reason);
        lost.accept(reason);
    }
}
