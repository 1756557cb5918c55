package dev.weir.runtime.store;

import static dev.weir.runtime.Futures.failure;
import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.runtime.ConfigException;
import dev.weir.runtime.FreePorts;
import dev.weir.runtime.HostPort;
import dev.weir.runtime.cluster.LossyCable;
import dev.weir.runtime.memory.LocalMemory;
import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.memory.MemoryException;
import dev.weir.runtime.memory.MemoryMap;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A database that refuses, is away, or falls silent. */
class PostgresMemoryTest {

    private static final Duration LONG = Duration.ofMinutes(5);

    private final TestDatabase database = TestDatabase.shared();
    private final Vertx vertx = Vertx.vertx();
    private HostPort near;

    @BeforeEach
    void choosePort() throws Exception {
        near = FreePorts.onLoopback();
    }

    @AfterEach
    void close() throws Exception {
        get(vertx.close());
    }

    private Future<PostgresMemory> open(StoreConfig config) {
        return PostgresMemory.open(vertx, config, new LocalMemory(vertx), 200);
    }

    private Future<PostgresMemory> openOverCable() {
        return open(database.config("postgres", near.port(), "postgres", ""));
    }

    private LossyCable cable() throws Exception {
        return get(LossyCable.between(vertx, near, new HostPort("127.0.0.1", database.port())));
    }

    @Test
    void onlyTheRightPasswordOpensIt() throws Exception {
        database.addUser("careful", "right");

        Throwable wrong = failure(open(database.config("careful", database.port(), "postgres", "wrong-one")));

        assertThat(wrong)
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("postgresql://careful@127.0.0.1:" + database.port() + "/postgres")
                .hasMessageContaining("WEIR_STORE_PASSWORD")
                .hasMessageNotContaining("wrong-one");
        assertThat(failure(open(database.config("careful", database.port(), "postgres", ""))))
                .as("without a password")
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("WEIR_STORE_PASSWORD");
        get(get(open(database.config("careful", database.port(), "postgres", "right")))
                .close());
    }

    @Test
    void aDatabaseThatDoesNotExistIsRefused() throws Exception {
        assertThat(failure(open(database.config("postgres", database.port(), "none", ""))))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("\"none\" does not exist");
    }

    @Test
    void tablesOfALaterVersionAreRefused() throws Exception {
        database.execute("CREATE DATABASE later");
        database.execute("later", "CREATE TABLE weir_schema (version integer PRIMARY KEY)");
        database.execute("later", "INSERT INTO weir_schema VALUES (99)");

        assertThat(failure(open(database.config("postgres", database.port(), "later", ""))))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("version 99");
    }

    @Test
    void aDatabaseThatIsNotThereYetIsWaitedFor() throws Exception {
        Future<PostgresMemory> opening = openOverCable();
        get(vertx.timer(100));
        assertThat(opening.isComplete()).isFalse();

        cable();

        assertThat(get(opening).remarks()).isEmpty();
    }

    @Test
    void callsEndInTimeWhileItIsSilentAndWorkAgainAfterwards() throws Exception {
        LossyCable cable = cable();
        PostgresMemory memory = get(openOverCable());
        MemoryMap jobs = memory.map(MemoryArea.JOBS);
        get(jobs.put("job", new byte[] {1}, LONG));

        cable.swallow();
        List<Future<?>> asked =
                Stream.<Future<?>>generate(() -> jobs.get("job")).limit(16).toList();
        get(Future.join(asked).otherwiseEmpty());

        assertThat(asked).allSatisfy(one -> assertThat(one.cause()).isInstanceOf(MemoryException.class));
        assertThat(memory.remarks())
                .singleElement()
                .asString()
                .contains("has not worked")
                .doesNotContain("://");

        // The connections still wait for answers that are lost. Others must be opened.
        cable.pass();
        await().until(() -> get(jobs.get("job").map(found -> found.isPresent()).otherwise(false)));
        assertThat(memory.remarks()).isEmpty();
    }

    @Test
    void aStatementThatFailsBecauseOfItsValuesIsNoOutage() throws Exception {
        PostgresMemory memory = get(open(database.config()));
        MemoryMap jobs = memory.map(MemoryArea.JOBS);

        // PostgreSQL's text has no NUL, and its index no key of so many different characters.
        String tooLong = new Random(1)
                .ints(9000, 'a', 'z')
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
        for (String key : List.of("a\u0000", tooLong)) {
            assertThat(failure(jobs.put(key, new byte[] {1}, LONG))).isInstanceOf(MemoryException.class);
            assertThat(memory.remarks()).isEmpty();
        }
    }

    @Test
    void itIsMissedAndFoundAgainWhenNobodyAsks() throws Exception {
        database.execute("CREATE DATABASE missed");
        PostgresMemory memory = get(open(database.config("postgres", database.port(), "missed", "")));

        database.execute("ALTER DATABASE missed ALLOW_CONNECTIONS false");
        database.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'missed'");
        await().until(() -> !memory.remarks().isEmpty());
        database.execute("ALTER DATABASE missed ALLOW_CONNECTIONS true");

        await().until(() -> memory.remarks().isEmpty());
    }
}
