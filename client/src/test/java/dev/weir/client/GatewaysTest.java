package dev.weir.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The client's HTTP calls, against a server that answers as it is told. */
final class GatewaysTest {

    private final List<String> asked = new CopyOnWriteArrayList<>();
    private HttpServer server;
    private int status = 200;
    private String contentType = "application/json";
    private String body = "{\"data\": []}";

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            asked.add(exchange.getRequestURI() + " "
                    + exchange.getRequestHeaders().getFirst("Authorization"));
            exchange.getResponseHeaders().set("Content-Type", contentType);
            exchange.getResponseHeaders().set("Retry-After", "7");
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private String url(String path) {
        return "127.0.0.1:" + server.getAddress().getPort() + path;
    }

    @Test
    void aPrefixAndHeadersAreOnEveryRequest() {
        WeirClient client = WeirClient.builder()
                .gateway(url("/images/v1/"))
                .header("Authorization", "Bearer 1")
                .build();
        assertThat(client.models()).isEmpty();
        assertThat(client.isReady()).isTrue();
        assertThat(asked).containsExactly("/images/v1/models Bearer 1", "/images/readyz Bearer 1");
    }

    @Test
    void theGatewayThatAnsweredLastIsAskedFirst() {
        WeirClient client = WeirClient.of("127.0.0.1:9", url("/second"));
        client.models();
        client.models();
        assertThat(asked).containsExactly("/second/v1/models null", "/second/v1/models null");
    }

    @Test
    void anErrorOfTheGatewayIsItsException() {
        status = 429;
        body = "{\"error\": {\"type\": \"rate_limit_error\", \"code\": \"queue_full\", \"message\": \"try later\"}}";
        WeirClient client = WeirClient.of(url(""));
        var busy = catchThrowableOfType(GatewayBusyException.class, client::models);
        assertThat(busy).hasMessage("try later");
        assertThat(busy.code()).isEqualTo("queue_full");
        assertThat(busy.retryAfter()).contains(Duration.ofSeconds(7));
    }

    @Test
    void anErrorPageOfAProxyIsToldByItsStatus() {
        status = 401;
        contentType = "text/html";
        body = "<html>log in</html>";
        assertThatThrownBy(() -> WeirClient.of(url("")).models())
                .isInstanceOf(GenerationFailedException.class)
                .hasMessageEndingWith("/v1/models answered 401");
    }

    @Test
    void aKeyIsABearerTokenAndASocketThatLacksItIsNoUnreachableGateway() {
        status = 401;
        body = "{\"error\": {\"type\": \"invalid_request_error\", \"code\": \"invalid_api_key\", \"message\": \"no\"}}";
        WeirClient client =
                WeirClient.builder().gateway(url("")).apiKey("weir_1").build();

        assertThat(catchThrowableOfType(InvalidRequestException.class, client::models)
                        .code())
                .isEqualTo("invalid_api_key");
        assertThat(catchThrowableOfType(
                                InvalidRequestException.class, () -> client.generate(ImageRequest.of("an apple")))
                        .code())
                .isEqualTo("invalid_api_key");
        assertThat(asked).containsExactly("/v1/models Bearer weir_1", "/v1/stream Bearer weir_1");
    }

    @Test
    void anAnswerThatIsNotJsonIsNoGateways() {
        body = "<html>welcome</html>";
        assertThatThrownBy(() -> WeirClient.of(url("")).models())
                .isInstanceOf(GenerationFailedException.class)
                .hasMessageContaining("not a Weir gateway");
    }

    @Test
    void unknownFieldsOfANewerGatewayAreIgnored() {
        body = "{\"data\": [{\"id\": \"a\", \"ready\": true, \"native_size\": 64, \"colour\": \"red\"}]}";
        assertThat(WeirClient.of(url("")).models())
                .extracting(ServedModel::id, ServedModel::ready, ServedModel::nativeSize)
                .containsExactly(org.assertj.core.groups.Tuple.tuple("a", true, 64));
    }
}
