package dev.weir.runtime.store;

import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.memory.MemoryException;
import dev.weir.runtime.memory.MemoryMap;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * One memory area in a table. Each operation is one statement, so that PostgreSQL decides about writes at the same time. Time
 * is the server's, whose clock is the only one. Any thread.
 */
final class PostgresMap implements MemoryMap {

    private static final String GET = "SELECT value FROM weir_entries WHERE area = $1 AND key = $2 AND expires > now()";
    private static final String INSERT = "INSERT INTO weir_entries AS entry (area, key, value, expires) "
            + "VALUES ($1, $2, $3, now() + make_interval(secs => $4)) "
            + "ON CONFLICT (area, key) DO UPDATE SET value = EXCLUDED.value, expires = EXCLUDED.expires";
    private static final String INSERT_ABSENT = INSERT + " WHERE entry.expires <= now()";
    private static final String REPLACE =
            "UPDATE weir_entries SET value = $3, expires = now() + make_interval(secs => $4) "
                    + "WHERE area = $1 AND key = $2 AND expires > now() AND value = $5";
    private static final String REMOVE = "DELETE FROM weir_entries WHERE area = $1 AND key = $2";
    private static final String REMOVE_KNOWN = REMOVE + " AND value = $3";
    private static final String KEYS = "SELECT key FROM weir_entries WHERE area = $1 AND expires > now()";

    /** No node of the cluster. */
    private static final String HOLDER = "postgresql";

    private final Connections connections;
    private final MemoryArea area;

    PostgresMap(Connections connections, MemoryArea area) {
        this.connections = connections;
        this.area = area;
    }

    @Override
    public Future<Optional<byte[]>> get(String key) {
        return execute(GET, Tuple.of(area.toString(), key)).map(rows -> {
            for (Row row : rows) {
                return Optional.of(row.getBuffer(0).getBytes());
            }
            return Optional.empty();
        });
    }

    @Override
    public Future<Void> put(String key, byte[] value, Duration life) {
        return execute(INSERT, entry(key, value, life)).mapEmpty();
    }

    @Override
    public Future<Optional<byte[]>> putIfAbsent(String key, byte[] value, Duration life) {
        return execute(INSERT_ABSENT, entry(key, value, life))
                .compose(inserted -> inserted.rowCount() > 0
                        ? Future.succeededFuture(Optional.empty())
                        // An entry that ended in between made room.
                        : get(key).compose(there ->
                                there.isPresent() ? Future.succeededFuture(there) : putIfAbsent(key, value, life)));
    }

    @Override
    public Future<Boolean> replace(String key, byte[] expected, byte[] value, Duration life) {
        return execute(REPLACE, entry(key, value, life).addBuffer(Buffer.buffer(expected)))
                .map(updated -> updated.rowCount() > 0);
    }

    @Override
    public Future<Void> remove(String key) {
        return execute(REMOVE, Tuple.of(area.toString(), key)).mapEmpty();
    }

    @Override
    public Future<Void> remove(String key, byte[] expected) {
        return execute(REMOVE_KNOWN, Tuple.of(area.toString(), key, Buffer.buffer(expected)))
                .mapEmpty();
    }

    @Override
    public List<Future<Set<String>>> keysByHolder() {
        return List.of(execute(KEYS, Tuple.of(area.toString())).map(rows -> {
            Set<String> keys = new HashSet<>();
            rows.forEach(row -> keys.add(row.getString(0)));
            return keys;
        }));
    }

    @Override
    public String holder(String key) {
        return HOLDER;
    }

    private Tuple entry(String key, byte[] value, Duration life) {
        return Tuple.of(area.toString(), key, Buffer.buffer(value), life.toMillis() / 1000.0);
    }

    /** Clients may read the message. So it does not say where the database is. */
    private Future<RowSet<Row>> execute(String sql, Tuple parameters) {
        return connections
                .execute(sql, parameters, area.limit())
                .recover(failure -> Future.failedFuture(
                        new MemoryException("the store of %s does not work".formatted(area), false, failure)));
    }
}
