package dev.weir.runtime.store;

import dev.weir.runtime.ConfigException;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The tables, and their versions. Gateways that start together take turns. Migrations are the files {@code 1.sql} ... of
 * this package; one that was released is never changed.
 */
final class Schema {

    static final int VERSION = 1;

    /** Any number that other programs do not use: "weir" in ASCII. */
    private static final long LOCK = 0x77656972;

    private Schema() {}

    /** Call it in a transaction. Fails with a {@link ConfigException} if a later Weir made the tables. */
    static Future<Void> migrate(SqlConnection connection) {
        return connection
                .query("SELECT pg_advisory_xact_lock(" + LOCK + ")")
                .execute()
                .compose(locked -> version(connection))
                .compose(version -> from(connection, version));
    }

    /** 0: there are no tables. */
    private static Future<Integer> version(SqlConnection connection) {
        return number(
                        connection,
                        "SELECT count(*)::int FROM pg_tables WHERE tablename = 'weir_schema' "
                                + "AND schemaname = ANY(current_schemas(false))")
                .compose(tables -> tables > 0
                        ? number(connection, "SELECT coalesce(max(version), 0) FROM weir_schema")
                        : Future.succeededFuture(0));
    }

    private static Future<Integer> number(SqlConnection connection, String sql) {
        return connection.query(sql).execute().map(rows -> rows.iterator()
                .next()
                .getInteger(0));
    }

    private static Future<Void> from(SqlConnection connection, int version) {
        if (version > VERSION) {
            return Future.failedFuture(new ConfigException(List.of(
                    "its tables are of version %d, and this Weir knows versions up to %d. Use a later Weir, or another database"
                            .formatted(version, VERSION))));
        }
        return IntStream.rangeClosed(version + 1, VERSION)
                .boxed()
                .reduce(
                        Future.<Void>succeededFuture(),
                        (before, next) -> before.compose(done -> step(connection, next)),
                        (one, other) -> other);
    }

    private static Future<Void> step(SqlConnection connection, int version) {
        return connection
                .query(sql(version))
                .execute()
                .compose(changed -> connection
                        .preparedQuery("INSERT INTO weir_schema VALUES ($1)")
                        .execute(Tuple.of(version)))
                .mapEmpty();
    }

    private static String sql(int version) {
        try (InputStream file = Schema.class.getResourceAsStream(version + ".sql")) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
