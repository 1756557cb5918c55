package dev.weir.runtime.store;

import dev.weir.runtime.ConfigException;
import dev.weir.runtime.memory.ClusterMemory;
import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.memory.MemoryMap;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A memory of which PostgreSQL holds what must not be lost, so that it survives the loss of all nodes. Membership, and
 * areas that may be lost, are those of the cluster. It is for gateways; other nodes use only the cluster's. Any thread.
 */
public final class PostgresMemory implements ClusterMemory {

    private static final Logger log = LoggerFactory.getLogger(PostgresMemory.class);

    /** The client has no type for it. */
    private static final String NO_TLS = "Postgres Server does not handle SSL connection";

    private static final String PASSWORD = ". The password is that of WEIR_STORE_PASSWORD or --store-password-file";

    private static final Duration MIGRATION_LIMIT = Duration.ofSeconds(5);
    private static final long START_AGAIN_MS = 1000;
    private static final Duration SWEEP_LIMIT = Duration.ofSeconds(5);
    private static final int SWEPT_AT_ONCE = 1000;
    /** Others may remove some of the same entries at the same time. */
    private static final String SWEEP =
            "DELETE FROM weir_entries WHERE (area, key) IN (SELECT area, key FROM weir_entries "
                    + "WHERE expires <= now() ORDER BY expires LIMIT $1 FOR UPDATE SKIP LOCKED)";

    private final Vertx vertx;
    private final ClusterMemory cluster;
    private final Connections connections;
    private final Map<MemoryArea, MemoryMap> maps = new EnumMap<>(MemoryArea.class);
    private final long sweeper;

    private PostgresMemory(Vertx vertx, ClusterMemory cluster, Connections connections, long sweepMs) {
        this.vertx = vertx;
        this.cluster = cluster;
        this.connections = connections;
        for (MemoryArea area : MemoryArea.values()) {
            maps.put(area, area.isLedger() ? new PostgresMap(connections, area) : cluster.map(area));
        }
        // It also notices that the database is away, or back, when nothing else asks it.
        this.sweeper = vertx.setPeriodic(sweepMs, timer -> sweep());
    }

    /**
     * Completes when the tables are there. As long as the database does not answer, it is asked again. Fails with a {@link
     * ConfigException} if the database refuses, or if TLS is impossible.
     *
     * @param sweepMs how often expired entries are removed
     */
    public static Future<PostgresMemory> open(Vertx vertx, StoreConfig config, ClusterMemory cluster, long sweepMs) {
        Optional<String> unreadable = config.unreadable(vertx);
        if (unreadable.isPresent()) {
            return Future.failedFuture(refused(config, unreadable.get()));
        }
        Connections connections = new Connections(vertx, config, System::nanoTime);
        return migrated(vertx, connections, config, false)
                .map(ready -> new PostgresMemory(vertx, cluster, connections, sweepMs))
                .onSuccess(memory -> log.info("Jobs are stored in {}", config))
                .recover(problem -> connections.close().transform(closed -> Future.failedFuture(problem)));
    }

    private static Future<Void> migrated(Vertx vertx, Connections connections, StoreConfig config, boolean again) {
        return connections.inTransaction(Schema::migrate, MIGRATION_LIMIT).recover(problem -> {
            Optional<String> refusal = refusal(problem);
            if (refusal.isPresent()) {
                return Future.failedFuture(refused(config, refusal.get()));
            }
            if (!again) {
                log.warn("Waits for the store {}: {}", config, Connections.reason(problem));
            }
            return vertx.timer(START_AGAIN_MS, TimeUnit.MILLISECONDS)
                    .compose(later -> migrated(vertx, connections, config, true));
        });
    }

    private static ConfigException refused(StoreConfig config, String reason) {
        return new ConfigException(List.of("the store %s cannot be used: %s".formatted(config, reason)));
    }

    /** Why asking again is of no use; empty if the database is only away or busy. */
    private static Optional<String> refusal(Throwable problem) {
        if (problem instanceof PgException refused && refused.getSqlState() != null) {
            String reason = refused.getErrorMessage();
            return switch (refused.getSqlState().substring(0, 2)) {
                case "08", "40", "53", "55", "57" -> Optional.empty();
                case "28" -> Optional.of(reason + PASSWORD);
                default -> Optional.of(reason);
            };
        }
        if (problem instanceof ConfigException later) {
            return Optional.of(later.getMessage());
        }
        if (problem instanceof IllegalArgumentException) { // The client has no password, and the server asks for one.
            return Optional.of(problem.getMessage() + PASSWORD);
        }
        // No failure of a handshake: the client does not say whether the certificate is wrong or the server broke it
        // off.
        return NO_TLS.equals(problem.getMessage())
                ? Optional.of("its server does not offer TLS, which sslmode demands")
                : Optional.empty();
    }

    private void sweep() {
        connections.execute(SWEEP, Tuple.of(SWEPT_AT_ONCE), SWEEP_LIMIT).onSuccess(removed -> {
            if (removed.rowCount() == SWEPT_AT_ONCE) {
                sweep();
            }
        });
    }

    /** What an operator should know: that the database does not work. */
    public List<String> remarks() {
        return connections.problem().stream().toList();
    }

    public Future<Void> close() {
        vertx.cancelTimer(sweeper);
        return connections.close();
    }

    @Override
    public MemoryMap map(MemoryArea area) {
        return maps.get(area);
    }

    @Override
    public String view() {
        return cluster.view();
    }

    @Override
    public String member() {
        return cluster.member();
    }

    @Override
    public boolean isMember(String member) {
        return cluster.isMember(member);
    }

    @Override
    public boolean isShared() {
        return true;
    }

    @Override
    public boolean isAlone() {
        return cluster.isAlone();
    }
}
