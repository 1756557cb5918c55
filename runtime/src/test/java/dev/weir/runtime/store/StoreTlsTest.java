package dev.weir.runtime.store;

import static dev.weir.runtime.Futures.failure;
import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.runtime.ConfigException;
import dev.weir.runtime.memory.LocalMemory;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What asking again cannot mend is refused at start. The server only answers the question whether it offers TLS. */
class StoreTlsTest {

    private final Vertx vertx = Vertx.vertx();

    @TempDir
    Path folder;

    @AfterEach
    void close() throws Exception {
        get(vertx.close());
    }

    private Throwable opening(int port, String parameters) throws Exception {
        StoreConfig config =
                StoreConfig.parse("postgresql://weir@127.0.0.1:%d/weir?%s".formatted(port, parameters), "");
        Throwable refusal = failure(PostgresMemory.open(vertx, config, new LocalMemory(vertx), 200));
        assertThat(refusal).isInstanceOf(ConfigException.class).hasMessageContaining("cannot be used");
        return refusal;
    }

    @Test
    void aServerWithoutTls() throws Exception {
        int port = get(vertx.createNetServer()
                        .connectHandler(socket -> socket.handler(asked -> socket.write("N")))
                        .listen(0, "127.0.0.1"))
                .actualPort();

        assertThat(opening(port, "sslmode=require")).hasMessageContaining("does not offer TLS");
    }

    @Test
    void aFileOfAuthoritiesThatCannotBeRead() throws Exception {
        assertThat(opening(1, "sslmode=verify-full&sslrootcert=nowhere.pem")).hasMessageContaining("nowhere.pem");
        Path text = Files.writeString(folder.resolve("text.pem"), "no certificate");
        assertThat(opening(1, "sslmode=verify-ca&sslrootcert=" + text)).hasMessageContaining("text.pem");
    }
}
