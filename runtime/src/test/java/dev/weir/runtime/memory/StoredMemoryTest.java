package dev.weir.runtime.memory;

import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.runtime.store.PostgresMemory;
import dev.weir.runtime.store.TestDatabase;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Two gateways with one database, which start at the same time. */
class StoredMemoryTest extends MemoryContract {

    private static final long SWEEP_MS = 200;

    private static TestDatabase database;
    private static Vertx vertx;
    private static Vertx other;
    private static PostgresMemory here;
    private static PostgresMemory there;

    @BeforeAll
    static void open() throws Exception {
        database = TestDatabase.shared();
        vertx = Vertx.vertx();
        other = Vertx.vertx();
        LocalMemory cluster = new LocalMemory(vertx);
        Future<PostgresMemory> one = PostgresMemory.open(vertx, database.config(), cluster, SWEEP_MS);
        Future<PostgresMemory> two = PostgresMemory.open(other, database.config(), cluster, SWEEP_MS);
        here = get(one);
        there = get(two);
    }

    @AfterAll
    static void close() throws Exception {
        if (database != null) {
            get(here.close());
            get(there.close());
            get(vertx.close());
            get(other.close());
        }
    }

    @Test
    void expiredEntriesAreRemovedFromTheTable() throws Exception {
        get(here.map(MemoryArea.JOBS).put("swept", bytes("one"), Duration.ofSeconds(1)));

        await().until(() -> database.text("SELECT count(*) FROM weir_entries WHERE key = 'swept'")
                .equals("0"));
    }

    @Test
    void whatMustNotBeLostSurvivesAllNodes() {
        assertThat(here.isShared()).isTrue();
        assertThat(here.map(MemoryArea.JOBS).holder("job")).isNotEmpty();
    }

    @Override
    ClusterMemory here() {
        return here;
    }

    @Override
    ClusterMemory there() {
        return there;
    }

    @Override
    Vertx vertx() {
        return other;
    }
}
