package dev.weir.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A gateway whose certificate is self-signed, for localhost and 127.0.0.1. */
final class TrustTest {

    private static final char[] PASSWORD = "changeit".toCharArray();

    @TempDir
    Path folder;

    private HttpsServer server;

    @BeforeEach
    void start() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = TrustTest.class.getResourceAsStream("gateway.p12")) {
            store.load(in, PASSWORD);
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context));
        server.createContext("/readyz", exchange -> {
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private WeirClient.Builder client(String host) {
        return WeirClient.builder()
                .gateway("https://" + host + ":" + server.getAddress().getPort());
    }

    private static Path certificate() throws Exception {
        return Path.of(TrustTest.class.getResource("gateway.pem").toURI());
    }

    @Test
    void aCertificateThatIsNamedIsTrustedForItsHosts() throws Exception {
        assertThat(client("127.0.0.1").trust(certificate()).build().isReady()).isTrue();
        assertThatThrownBy(
                        () -> client("127.0.0.2").trust(certificate()).build().isReady())
                .isInstanceOf(GatewayUnreachableException.class);
    }

    @Test
    void withoutItTheReasonSaysWhatToDo() {
        assertThatThrownBy(() -> client("localhost").build().isReady())
                .isInstanceOf(GatewayUnreachableException.class)
                .hasMessageContaining("--ca");
    }

    @Test
    void aFileWithoutACertificateIsNamed() throws Exception {
        Path text = Files.writeString(folder.resolve("text.pem"), "no certificate");

        assertThatThrownBy(() -> WeirClient.builder().trust(text)).hasMessageContaining(text + " holds no");
        assertThatThrownBy(() -> WeirClient.builder().trust(folder.resolve("none.pem")))
                .hasMessage(folder.resolve("none.pem") + " cannot be read");
    }
}
