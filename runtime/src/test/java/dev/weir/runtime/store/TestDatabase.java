package dev.weir.runtime.store;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.Assumptions;

/** A PostgreSQL server in processes of its own, which end with this JVM. Any thread. */
public final class TestDatabase {

    /** A slow machine must not skip the tests. */
    private static final Duration STARTUP = Duration.ofSeconds(60);

    private static TestDatabase shared;

    private final EmbeddedPostgres server;

    private TestDatabase(EmbeddedPostgres server) {
        this.server = server;
    }

    /** The test is skipped where the server cannot be started. It refuses to run as root if there are no user namespaces. */
    public static synchronized TestDatabase shared() {
        if (shared == null) {
            try {
                shared = new TestDatabase(
                        EmbeddedPostgres.builder().setPGStartupWait(STARTUP).start());
            } catch (IOException | IllegalStateException e) {
                return Assumptions.abort("PostgreSQL cannot be started here: " + e.getMessage());
            }
        }
        return shared;
    }

    /** Its superuser needs no password. */
    public StoreConfig config() {
        return config("postgres", server.getPort(), "postgres", "");
    }

    StoreConfig config(String user, int port, String database, String password) {
        return StoreConfig.parse("postgresql://%s@127.0.0.1:%d/%s".formatted(user, port, database), password);
    }

    int port() {
        return server.getPort();
    }

    /** Makes a user who needs a password, unlike others. */
    void addUser(String name, String password) throws SQLException, IOException {
        execute("CREATE USER %s PASSWORD '%s' SUPERUSER".formatted(name, password));
        Path file = Path.of(text("SHOW hba_file"));
        Files.writeString(file, "host all %s all scram-sha-256%n%s".formatted(name, Files.readString(file)));
        execute("SELECT pg_reload_conf()");
    }

    void execute(String sql) throws SQLException {
        execute("postgres", sql);
    }

    void execute(String database, String sql) throws SQLException {
        try (Connection connection = server.getDatabase("postgres", database).getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** The one value that a query finds. */
    public String text(String sql) throws SQLException {
        try (Connection connection = server.getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }
}
