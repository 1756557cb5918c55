package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.weir.gateway.GatewayConfig.Limits;
import dev.weir.gateway.GatewayConfig.Requests;
import dev.weir.gateway.GatewayConfig.Tls;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.Certificate;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/** A gateway with a certificate: what clients do over HTTP/2 and HTTP/1.1, and a certificate that changes. */
final class TlsTest {

    private static final int SMALL = 8 << 10;

    @TempDir
    static Path folder;

    private static TestCertificate first;
    private static TestCertificate second;

    private Tls files;
    private TestGateway gateway;

    @BeforeAll
    static void makeCertificates() throws Exception {
        first = new TestCertificate(folder, "first");
        second = new TestCertificate(folder, "second");
    }

    @BeforeEach
    void start() throws IOException {
        files = new Tls(folder.resolve("used.pem"), folder.resolve("used.key"));
        put(first.files.certificate(), files.certificate());
        put(first.files.key(), files.key());
        Limits usual = TestGateway.CONFIG.limits();
        Limits limits = new Limits(
                new Requests(
                        SMALL,
                        usual.requests().promptLength(),
                        SMALL,
                        usual.requests().attachmentPixels()),
                usual.jobs(),
                usual.samples(),
                usual.samplesPerSocket(),
                usual.strikes(),
                usual.memory());
        gateway = new TestGateway(TestGateway.CONFIG
                .with(limits)
                .with(TestGateway.CONFIG.security().withTls(files)));
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.finish(new byte[] {1});
        });
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    /** As tools do: a new file that takes the place of the old one. */
    private static void put(Path from, Path to) throws IOException {
        Path whole = Files.copy(from, to.resolveSibling("new"), StandardCopyOption.REPLACE_EXISTING);
        Files.move(whole, to, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("https://localhost:" + gateway.port() + path));
    }

    private HttpRequest post(String path, String body) {
        return request(path)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body))
                .build();
    }

    private static HttpResponse<String> send(HttpClient client, HttpRequest request) {
        try {
            return client.send(request, BodyHandlers.ofString());
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private HttpResponse<String> send(Version version, HttpRequest request) {
        HttpResponse<String> response = send(first.client(version), request);
        assertThat(response.version()).isEqualTo(version);
        return response;
    }

    @ParameterizedTest
    @EnumSource(Version.class)
    void answersAndStreamsComeOverBothVersions(Version version) {
        String apple = "{\"prompt\":\"an apple\",\"response_format\":\"url\"}";

        HttpResponse<String> made = send(version, post("/v1/images/generations", apple));
        HttpResponse<String> events =
                send(version, post("/v1/images/generations", "{\"prompt\":\"an apple\",\"stream\":true}"));
        HttpResponse<String> page = send(version, request("/").build());

        assertThat(made.body()).contains("\"url\":\"https://localhost:" + gateway.port() + "/v1/jobs/");
        assertThat(events.body()).contains("image_generation.completed").endsWith("data: [DONE]\n\n");
        assertThat(page.statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @EnumSource(Version.class)
    void uploadsAndThoseThatAreTooLargeAreAnswered(Version version) {
        String image = new JsonObject()
                .put("prompt", "an apple")
                .put("init_image", "a".repeat(2 * SMALL))
                .encode();
        HttpClient client = first.client(version);

        HttpResponse<String> read = send(client, post("/v1/images/generations", image));
        HttpResponse<String> refused = send(client, post("/v1/images/generations", "x".repeat(64 * SMALL)));
        HttpResponse<String> next = send(client, request("/v1/models").build());

        assertThat(read.statusCode()).isEqualTo(400);
        assertThat(read.body()).contains("\"param\":\"init_image\"");
        assertThat(refused.statusCode()).isEqualTo(413);
        assertThat(refused.headers().firstValue("Connection").isPresent()).isEqualTo(version == Version.HTTP_1_1);
        assertThat(next.statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @EnumSource(Version.class)
    void aSocketOpensOverTlsAlsoBesideConnectionsOfHttp2(Version version) {
        HttpClient client = first.client(version);
        assertThat(send(client, request("/readyz").build()).version()).isEqualTo(version);
        StringBuffer told = new StringBuffer();
        WebSocket socket = client.newWebSocketBuilder()
                .header("Origin", "https://localhost:" + gateway.port())
                .buildAsync(URI.create("wss://localhost:" + gateway.port() + "/v1/stream"), new WebSocket.Listener() {
                    @Override
                    public CompletionStage<?> onText(WebSocket from, CharSequence text, boolean isLast) {
                        told.append(text);
                        from.request(1);
                        return null;
                    }
                })
                .join();

        socket.sendText("{\"type\":\"generate\",\"id\":\"a\",\"prompt\":\"an apple\"}", true);

        await().until(() -> told.toString().contains("\"type\":\"completed\""));
        socket.abort();
    }

    @Test
    void http2SaysThatItOpensNoSockets() {
        HttpResponse<String> refused =
                send(Version.HTTP_2, request("/v1/stream").build());

        assertThat(refused.statusCode()).isEqualTo(426);
        assertThat(refused.headers().firstValue("Upgrade")).isEmpty();
        assertThat(refused.body()).contains("HTTP/1.1");
    }

    @Test
    void plainHttpIsNotAnswered() {
        HttpRequest plain = HttpRequest.newBuilder(URI.create("http://localhost:" + gateway.port() + "/v1/models"))
                .build();

        assertThatThrownBy(() -> HttpClient.newHttpClient().send(plain, BodyHandlers.ofString()))
                .isInstanceOf(IOException.class);
    }

    private List<Certificate> presented(TestCertificate trusted) throws Exception {
        HttpResponse<String> response =
                trusted.client(Version.HTTP_2).send(request("/readyz").build(), BodyHandlers.ofString());
        assertThat(response.version()).isEqualTo(Version.HTTP_2);
        return List.of(response.sslSession().orElseThrow().getPeerCertificates());
    }

    @Test
    void aPairThatChangesIsPresentedToNewConnectionsAndAWrongOneChangesNothing() throws Exception {
        HttpClient open = first.client(Version.HTTP_2);
        assertThat(send(open, request("/readyz").build()).statusCode()).isEqualTo(200);
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.list = new CopyOnWriteArrayList<>();
        log.start();
        Logger logger = (Logger) LoggerFactory.getLogger(ServerCertificate.class);
        logger.setLevel(Level.INFO);
        logger.addAppender(log);

        put(second.files.certificate(), files.certificate());
        await().until(() ->
                log.list.stream().anyMatch(line -> line.getFormattedMessage().contains("no pair yet")));
        assertThat(presented(first)).containsExactly(first.certificate);
        put(second.files.key(), files.key());
        await().ignoreExceptions().until(() -> presented(second).contains(second.certificate));
        assertThat(log.list).noneMatch(line -> line.getLevel() == Level.ERROR);
        logger.detachAppender(log);
        logger.setLevel(null);
        assertThat(send(open, request("/readyz").build()).statusCode()).isEqualTo(200);

        Files.writeString(files.certificate(), "no certificate");
        assertThat(presented(second)).containsExactly(second.certificate);
        put(first.files.certificate(), files.certificate());
        put(first.files.key(), files.key());
        await().ignoreExceptions().until(() -> presented(first).contains(first.certificate));
    }

    @Test
    void aPairThatDoesNotBelongTogetherIsNamedAtTheStart() {
        assertThatThrownBy(() -> ServerCertificate.of(new Tls(first.files.certificate(), second.files.key())))
                .hasMessage("tls-key: %s is not the key of %s", second.files.key(), first.files.certificate());
        assertThatThrownBy(() -> ServerCertificate.of(new Tls(first.files.key(), first.files.key())))
                .hasMessageStartingWith("tls-cert: %s holds no", first.files.key());
        assertThatThrownBy(() -> ServerCertificate.of(new Tls(first.files.certificate(), first.files.certificate())))
                .hasMessageStartingWith("tls-key: %s holds no", first.files.certificate());
        assertThatThrownBy(() -> ServerCertificate.of(new Tls(folder.resolve("none.pem"), first.files.key())))
                .hasMessage("tls-cert: %s cannot be read", folder.resolve("none.pem"));
    }

    @Test
    void aKeyOfAnotherKindAndAnEncryptedKeyAreNamedAtTheStart() throws Exception {
        Path rsa = folder.resolve("rsa.key");
        KeyPair pair = KeyPairGenerator.getInstance("RSA").generateKeyPair();
        String base64 = Base64.getMimeEncoder().encodeToString(pair.getPrivate().getEncoded());
        Files.writeString(rsa, "-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n".formatted(base64));
        assertThatThrownBy(() -> ServerCertificate.of(new Tls(first.files.certificate(), rsa)))
                .hasMessage("tls-key: %s is not the key of %s", rsa, first.files.certificate());

        Path encrypted = folder.resolve("encrypted.key");
        Files.writeString(
                encrypted,
                "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END EC PRIVATE KEY-----\n");
        assertThatThrownBy(() -> ServerCertificate.of(new Tls(first.files.certificate(), encrypted)))
                .hasMessage("tls-key: %s is encrypted, and must be a key without a password", encrypted);
    }
}
