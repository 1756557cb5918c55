package dev.weir.runtime.route;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.v1.NodeStatus;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LeaseTableTest {

    private static final long LEASE = 2500;

    private final AtomicLong now = new AtomicLong();
    private final Set<String> left = new HashSet<>();
    private final LeaseTable<NodeStatus> table =
            new LeaseTable<>(StatusDirectory.READING, LEASE, now::get, member -> !left.contains(member));

    @Test
    void aNodeThatIsHeardOfStaysAndASilentOneIsLost() {
        table.hear(status("a", 1));
        table.hear(status("b", 1));
        for (int i = 2; i < 8; i++) {
            pass(500);
            table.hear(status("a", i));
            table.sweep();
        }

        assertThat(table.alive()).extracting(NodeStatus::getAddress).containsExactly("a");
    }

    @Test
    void whoLeavesTheClusterIsLostAtOnce() {
        NodeStatus gone = status("a", 1).toBuilder().setMember("one").build();
        table.hear(gone);
        table.hear(status("b", 1).toBuilder().setMember("two").build());
        table.hear(status("c", 1));
        left.add("one");
        pass(1);

        assertThat(table.sweep()).containsExactly(gone);
        assertThat(table.alive()).extracting(NodeStatus::getAddress).containsExactlyInAnyOrder("b", "c");
        assertThat(table.admits(gone)).isFalse();
    }

    @Test
    void aLapsedLeaseIsToldOnce() {
        table.hear(status("a", 3));
        pass(LEASE);
        assertThat(table.sweep()).isEmpty();
        pass(1);
        assertThat(table.sweep()).containsExactly(status("a", 3));
        pass(1);
        assertThat(table.sweep()).isEmpty();
    }

    @Test
    void anOlderStatusChangesNothing() {
        table.hear(status("a", 5).toBuilder().setFreeCredits(1).build());
        table.hear(status("a", 4).toBuilder().setFreeCredits(9).build());

        assertThat(table.alive()).extracting(NodeStatus::getFreeCredits).containsExactly(1);
    }

    @Test
    void aGoodbyeEndsTheLeaseAtOnce() {
        table.hear(status("a", 1));
        NodeStatus goodbye = status("a", 2).toBuilder().setGone(true).build();

        assertThat(table.hear(goodbye)).contains(goodbye);
        assertThat(table.alive()).isEmpty();
    }

    @Test
    void whoSleptItselfDoesNotBuryOthers() {
        table.hear(status("a", 1));
        now.addAndGet(10 * LEASE);

        assertThat(table.sweep()).isEmpty();
        assertThat(table.alive()).hasSize(1);
        pass(LEASE + 1);
        assertThat(table.sweep()).hasSize(1);
    }

    /** Time passes, and the table is swept as often as it is in life. */
    private void pass(long time) {
        for (long left = time; left > 100; left -= 100) {
            now.addAndGet(100);
            table.sweep();
            time -= 100;
        }
        now.addAndGet(time);
    }

    private static NodeStatus status(String address, long sequence) {
        return NodeStatus.newBuilder().setAddress(address).setSequence(sequence).build();
    }
}
