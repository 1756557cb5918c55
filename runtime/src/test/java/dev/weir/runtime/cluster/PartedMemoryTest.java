package dev.weir.runtime.cluster;

import static dev.weir.runtime.Futures.failure;
import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.v1.JobRecord;
import dev.weir.runtime.ClusterConfig;
import dev.weir.runtime.FreePorts;
import dev.weir.runtime.HostPort;
import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.memory.MemoryException;
import dev.weir.runtime.memory.MemoryMap;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The ledger where not all nodes see each other. */
@Execution(ExecutionMode.CONCURRENT)
class PartedMemoryTest {

    private static final Duration LIFE = Duration.ofMinutes(5);

    private final String name = "test-" + UUID.randomUUID();
    private final List<Cluster> joined = new ArrayList<>();

    @AfterEach
    void leave() throws Exception {
        for (int i = joined.size() - 1; i >= 0; i--) {
            get(joined.get(i).vertx().close());
        }
    }

    @Test
    void tooFewNodesReadTheLedgerAndDoNotWriteToIt() throws Exception {
        HostPort first = FreePorts.onLoopback();
        Cluster one = join(config(first, List.of(), false).withQuorum(2));
        MemoryMap jobs = one.memory().map(MemoryArea.JOBS);

        Throwable refused = failure(jobs.putIfAbsent("job", new byte[] {1}, LIFE));
        assertThat(refused).isInstanceOf(MemoryException.class);
        assertThat(((MemoryException) refused).refused()).isTrue();
        assertThat(get(jobs.get("job"))).isEmpty();
        get(one.memory().map(MemoryArea.TEXT_STATES).put("states", new byte[] {1}, LIFE));

        join(config(FreePorts.onLoopback(), List.of(first), true).withQuorum(2));
        assertThat(((MemoryException) failure(jobs.replace("job", new byte[] {1}, new byte[] {2}, LIFE))).refused())
                .as("a lite node holds no data")
                .isTrue();

        join(config(FreePorts.onLoopback(), List.of(first), false).withQuorum(2));
        await().until(() -> get(jobs.putIfAbsent("job", new byte[] {1}, LIFE).otherwise(Optional.of(new byte[0])))
                .isEmpty());
        assertThat(get(jobs.get("job"))).hasValue(new byte[] {1});
    }

    @Test
    void whenPartsBecomeOneTheLaterOwnersRecordStays() throws Exception {
        HostPort late = FreePorts.onLoopback();
        Cluster one = join(config(FreePorts.onLoopback(), List.of(late), false));
        Cluster other = join(config(late, List.of(), false));
        for (int i = 0; i < 20; i++) {
            // On a busy machine the parts may become one before all is written, so what is to stay is written last.
            boolean firstStays = i % 2 == 1;
            Cluster loses = firstStays ? other : one;
            Cluster stays = firstStays ? one : other;
            put(loses, "job" + i, record(0, firstStays ? 1 : 9));
            put(stays, "job" + i, record(1, firstStays ? 9 : 1));
            put(loses, "same" + i, record(3, firstStays ? 5 : 0));
            put(stays, "same" + i, record(3, firstStays ? 10 : 5));
        }

        await().until(() -> one.memory().view().equals(other.memory().view()));

        await().ignoreExceptions().untilAsserted(() -> {
            for (int i = 0; i < 20; i++) {
                assertThat(read(one, "job" + i).getEpoch()).isEqualTo(1);
                assertThat(read(other, "same" + i).getVersion()).isEqualTo(i % 2 == 1 ? 10 : 5);
            }
        });
    }

    @Test
    void partsOfSeveralNodesBecomeOneToo() throws Exception {
        HostPort late = FreePorts.onLoopback();
        HostPort early = FreePorts.onLoopback();
        join(config(early, List.of(late), false));
        join(config(FreePorts.onLoopback(), List.of(early), false));
        // Asked at once: later, on a busy machine, the parts may be one.
        assertThat(join(config(late, List.of(), false)).memory().view())
                .isNotEqualTo(joined.get(0).memory().view());
        join(config(FreePorts.onLoopback(), List.of(late), false));

        await().atMost(Duration.ofSeconds(90))
                .until(() -> joined.stream()
                                .map(cluster -> cluster.memory().view())
                                .distinct()
                                .count()
                        == 1);
    }

    @Test
    void eachNodeTellsTheNamesOfWhatItHolds() throws Exception {
        HostPort first = FreePorts.onLoopback();
        Cluster one = join(config(first, List.of(), false));
        MemoryMap jobs = one.memory().map(MemoryArea.JOBS);
        Cluster other = join(config(FreePorts.onLoopback(), List.of(first), false));
        Set<String> names = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            names.add("job" + i);
            put(one, "job" + i, new byte[] {1});
        }

        await().ignoreExceptions().untilAsserted(() -> {
            List<Set<String>> parts = new ArrayList<>();
            for (Future<Set<String>> part : jobs.keysByHolder()) {
                parts.add(get(part));
            }
            assertThat(parts).hasSize(2).noneMatch(Set::isEmpty).allSatisfy(part -> assertThat(
                            part.stream().map(jobs::holder).distinct())
                    .hasSize(1));
            assertThat(parts.stream().flatMap(Set::stream)).containsExactlyInAnyOrderElementsOf(names);
            assertThat(get(other.memory().map(MemoryArea.JOBS).keys())).isEqualTo(names);
        });
        assertThat(names)
                .allSatisfy(name -> assertThat(jobs.holder("0@" + name)).isEqualTo(jobs.holder(name)));
    }

    /** Again where it fails: while data moves, a busy machine may take longer than an operation waits. */
    private static void put(Cluster cluster, String key, byte[] value) {
        await().ignoreExceptions().until(() -> {
            get(cluster.memory().map(MemoryArea.JOBS).put(key, value, LIFE));
            return true;
        });
    }

    private static byte[] record(long epoch, long version) {
        return JobRecord.newBuilder()
                .setEpoch(epoch)
                .setVersion(version)
                .build()
                .toByteArray();
    }

    private static JobRecord read(Cluster cluster, String key) throws Exception {
        return JobRecord.parseFrom(
                get(cluster.memory().map(MemoryArea.JOBS).get(key)).orElseThrow());
    }

    private ClusterConfig config(HostPort bind, List<HostPort> join, boolean lite) {
        return new ClusterConfig(name, Optional.of(bind), 0, join, lite);
    }

    private Cluster join(ClusterConfig config) throws Exception {
        Cluster cluster = get(Cluster.join("node", config, true, Vertx.builder(), new VertxOptions(), reason -> {}));
        joined.add(cluster);
        return cluster;
    }
}
