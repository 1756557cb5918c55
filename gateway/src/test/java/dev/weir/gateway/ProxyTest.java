package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.RawHttp.Reply;
import dev.weir.gateway.http.Access;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Behind a proxy: what URLs are made of, which pages may open a socket, and which hosts are this gateway's. */
final class ProxyTest {

    private static final String HOST = "Host: 127.0.0.1:8080";
    private static final String TLS = "X-Forwarded-Proto: https";
    private static final String NAME = "X-Forwarded-Host: weir.example";

    private TestGateway gateway = new TestGateway();

    @AfterEach
    void close() {
        gateway.close();
    }

    @Test
    void urlsAreThoseThatATrustedProxyForwards() {
        assertThat(urlOfPicture(HOST, TLS, NAME)).matches("https://weir\\.example/v1/jobs/[^/]+/images/0");
        assertThat(urlOfPicture(HOST, TLS, NAME, "X-Forwarded-Port: 8443")).startsWith("https://weir.example:8443/v1/");
        assertThat(urlOfPicture(HOST, TLS, NAME, "X-Forwarded-Port: 443")).startsWith("https://weir.example/v1/");
        assertThat(urlOfPicture(HOST, TLS, NAME, "X-Forwarded-Prefix: /art/weir/"))
                .startsWith("https://weir.example/art/weir/v1/jobs/");
        assertThat(urlOfPicture(HOST, "Forwarded: for=\"[2001:db8::1]:4711\";proto=https;host=\"weir.example:444\""))
                .startsWith("https://weir.example:444/v1/");
        assertThat(urlOfPicture(HOST, "X-Forwarded-Proto: https, http", "X-Forwarded-Host: weir.example, inner"))
                .startsWith("https://weir.example/v1/");
    }

    @Test
    void ofSeveralElementsOfForwardedThoseOfTrustedProxiesCount() {
        assertThat(urlOfPicture(
                        HOST,
                        "Forwarded: for=6.6.6.6;proto=https;host=evil.example, for=8.8.8.8;proto=https;host=weir.example",
                        "Forwarded: for=127.0.0.2;host=inner"))
                .startsWith("https://weir.example/v1/");
    }

    @Test
    void whatIsForwardedByAnybodyElseIsIgnoredAndUrlsAreRelative() {
        trust("10.0.0.0/8");

        assertThat(urlOfPicture(
                        "Host: 127.0.0.1:" + gateway.port(),
                        TLS,
                        "X-Forwarded-Host: evil.example",
                        "X-Forwarded-Prefix: /evil"))
                .startsWith("/v1/jobs/");
        assertThat(submit(HOST, "X-Forwarded-Prefix: /evil").getString("status_url"))
                .startsWith("/v1/jobs/");
    }

    @Test
    void aProxyMayBeTrustedByItsNetwork() {
        trust("127.0.0.0/30", "fd00::/8");

        assertThat(urlOfPicture(HOST, TLS, NAME)).startsWith("https://weir.example/");
    }

    @Test
    void whatIsMalformedIsIgnored() {
        for (String header : new String[] {
            "Forwarded: proto=https;host=",
            "Forwarded: \"",
            "Forwarded: host=\"a b\";proto=https",
            "X-Forwarded-Host: a/b",
            "X-Forwarded-Host: weir.example:99999",
        }) {
            assertThat(urlOfPicture("Host: localhost:1", header))
                    .as(header)
                    .doesNotContain("a b", "a/b", "99999")
                    .matches("(https://localhost:1)?/v1/.*");
        }
        assertThat(urlOfPicture(HOST, "X-Forwarded-Proto: javascript", NAME)).startsWith("/v1/");
        assertThat(urlOfPicture(HOST, TLS, NAME, "X-Forwarded-Prefix: //evil.example"))
                .startsWith("https://weir.example/v1/");
        assertThat(urlOfPicture(HOST, TLS, NAME, "X-Forwarded-Prefix: /a\"><script>"))
                .startsWith("https://weir.example/v1/");
    }

    @Test
    void withoutAHostHeaderUrlsAreRelative() {
        assertThat(urlOfPicture()).startsWith("/v1/jobs/");
    }

    @Test
    void aConfiguredOriginIsWhatUrlsBeginWith() {
        allow("https://weir.example:8443");

        assertThat(urlOfPicture("Host: weir.example:8443")).startsWith("https://weir.example:8443/v1/");
    }

    @Test
    void allUrlsOfAJobAreBelowThePrefix() {
        JsonObject job = submit(HOST, "X-Forwarded-Prefix: /weir");

        String path = "/weir/v1/jobs/" + job.getString("id");
        assertThat(job.getString("status_url")).isEqualTo(path);
        assertThat(job.getString("events_url")).isEqualTo(path + "/events");
        assertThat(job.getString("cancel_url")).isEqualTo(path);
        await().until(gateway::isIdle);
        String done = RawHttp.request(gateway.port(), "GET", path.substring(5), HOST, "X-Forwarded-Prefix: /weir")
                .body();
        assertThat(new JsonObject(done).getJsonArray("images").getJsonObject(0).getString("url"))
                .isEqualTo(path + "/images/0");
        assertThat(RawHttp.request(
                                gateway.port(), "GET", path.substring(5) + "/events", HOST, "X-Forwarded-Prefix: /weir")
                        .body())
                .contains("\"url\":\"" + path + "/images/0\"");
    }

    @Test
    void thePageFindsItsPartsBelowThePrefix() {
        Reply page = RawHttp.request(gateway.port(), "GET", "/", HOST, "X-Forwarded-Prefix: /art/weir");
        Reply addresses = RawHttp.request(gateway.port(), "GET", "/server.js", HOST);
        Reply script = RawHttp.request(gateway.port(), "GET", "/stream.js", HOST);
        Reply contract = RawHttp.request(gateway.port(), "GET", "/openapi.json", HOST);

        assertThat(page.body())
                .contains("<head><base href=\"/art/weir/\">")
                .doesNotContain("=\"/app.js", "=\"/style.css");
        assertThat(page.header("Content-Security-Policy")).contains("base-uri 'self'");
        assertThat(page.header("ETag"))
                .isNotEqualTo(RawHttp.request(gateway.port(), "GET", "/", HOST).header("ETag"));
        // What is fetched relative to a document follows its base by itself; the socket's URL is made by hand.
        assertThat(addresses.body()).contains("document.baseURI");
        assertThat(script.body())
                .contains("serverUrl(\"v1/stream\")")
                .doesNotContain("fetch(\"/", "fetch(`/", "location.origin");
        assertThat(new JsonObject(contract.body())
                        .getJsonArray("servers")
                        .getJsonObject(0)
                        .getString("url"))
                .isEqualTo(".");
    }

    @Test
    void thePagesOwnSocketOpensHoweverTheProxyRewritesTheHost() {
        for (String[] headers : List.of(
                new String[] {"Host: 127.0.0.1:8080", "Origin: http://127.0.0.1:8080"},
                new String[] {"Host: localhost:8080", "Origin: http://localhost:8080"},
                new String[] {"Host: 127.0.0.1:8080", "Origin: https://weir.example", TLS, NAME},
                new String[] {"Host: 127.0.0.1:8080", "Origin: https://weir.example:8443", TLS, NAME},
                new String[] {"Host: 127.0.0.1:8080", "Origin: https://weir.example", "Forwarded: host=weir.example:443"
                },
                new String[] {"Host: 127.0.0.1:8080", "Origin: https://weir.example", "Sec-Fetch-Site: same-origin"},
                new String[] {"Host: 127.0.0.1:80", "Origin: http://127.0.0.1"},
                new String[] {"Host: 127.0.0.1:8080"})) {
            assertThat(socket(headers).status()).as(String.join(", ", headers)).isEqualTo(101);
        }
    }

    @Test
    void theNameIsEnoughWhereAProxyAddsOrDropsThePort() {
        reopen(new GatewayConfig("0.0.0.0", 0, TestGateway.CONFIG.limits(), TestGateway.CONFIG.patience()));

        assertThat(socket("Host: weir.example:8080", "Origin: https://weir.example")
                        .status())
                .isEqualTo(101);
        assertThat(socket("Host: weir.example", "Origin: https://weir.example:8443")
                        .status())
                .isEqualTo(101);
        assertThat(socket("Host: weir.example", "Origin: https://evil.example").status())
                .isEqualTo(403);
    }

    @Test
    void aForeignPageOpensNoSocket() {
        for (String[] headers : List.of(
                new String[] {"Host: 127.0.0.1:8080", "Origin: http://127.0.0.1:3000"},
                new String[] {"Host: 127.0.0.1:8080", "Origin: null"},
                new String[] {"Host: 127.0.0.1:8080", "Origin: https://evil.example"},
                new String[] {"Host: 127.0.0.1:8080", "Origin: https://evil.example", "Sec-Fetch-Site: cross-site"},
                new String[] {"Host: 127.0.0.1:8080", "Origin: https://evil.example", TLS, NAME})) {
            Reply reply = socket(headers);

            assertThat(reply.status()).as(String.join(", ", headers)).isEqualTo(403);
            assertThat(reply.body()).contains("foreign_origin", "--allowed-origins");
        }
    }

    @Test
    void configuredOriginsReplaceGuessing() {
        allow("https://weir.example", "http://localhost:3000");

        assertThat(socket("Host: 127.0.0.1:8080", "Origin: https://weir.example")
                        .status())
                .isEqualTo(101);
        assertThat(socket("Host: weir.example", "Origin: http://localhost:3000").status())
                .isEqualTo(101);
        assertThat(socket("Host: 127.0.0.1:8080", "Origin: http://127.0.0.1:8080")
                        .status())
                .isEqualTo(403);
        assertThat(socket("Host: weir.example", "Origin: http://weir.example").status())
                .isEqualTo(403);
        assertThat(socket("Host: weir.example").status()).isEqualTo(101);
    }

    @Test
    void aNameThatWasReboundToThisMachineIsRefused() {
        for (String[] target : List.of(
                new String[] {"GET", "/"},
                new String[] {"GET", "/v1/models"},
                new String[] {"POST", "/v1/jobs"},
                new String[] {"GET", "/v1/stream"},
                new String[] {"GET", "/metrics"})) {
            Reply reply = RawHttp.request(
                    gateway.port(),
                    target[0],
                    target[1],
                    "Host: evil.example:8080",
                    "Origin: http://evil.example:8080",
                    "X-Forwarded-Host: localhost",
                    "Content-Type: application/json",
                    "Content-Length: 0");

            assertThat(reply.status()).as(String.join(" ", target)).isEqualTo(403);
            assertThat(reply.body()).contains("unknown_host", "evil.example", "--allowed-origins");
        }
        assertThat(gateway.stage.sittings()).isEmpty();
    }

    @Test
    void namesOfThisMachineAddressesAndConfiguredNamesAreKnown() {
        assertThat(Stream.of(
                        "localhost", "localhost:8080", "weir.localhost", "127.0.0.1", "[::1]:8080", "192.168.0.10:80"))
                .allSatisfy(host -> assertThat(models("Host: " + host)).isEqualTo(200));
        assertThat(models("Host: weir.example")).isEqualTo(403);
        assertThat(models("Host: localhost.evil.example")).isEqualTo(403);
        assertThat(models("Host: 127.0.0.1.evil.example")).isEqualTo(403);

        allow("https://weir.example");

        assertThat(models("Host: weir.example")).isEqualTo(200);
        assertThat(models("Host: localhost")).isEqualTo(200);
        assertThat(models("Host: evil.example")).isEqualTo(403);
        assertThat(models("Host: 127.0.0.1", "X-Forwarded-Host: evil.example")).isEqualTo(403);

        allow("*");

        assertThat(models("Host: evil.example")).isEqualTo(200);
    }

    @Test
    void aGatewayForOtherMachinesIsCalledAsItsUsersLikeUnlessOriginsAreConfigured() {
        GatewayConfig open =
                new GatewayConfig("0.0.0.0", 0, TestGateway.CONFIG.limits(), TestGateway.CONFIG.patience());
        reopen(open);
        assertThat(models("Host: weir.example")).isEqualTo(200);

        reopen(open.with(Access.of(List.of(), List.of("https://weir.example"))));
        assertThat(models("Host: weir.example")).isEqualTo(200);
        assertThat(models("Host: evil.example")).isEqualTo(403);
    }

    private int models(String... headers) {
        return RawHttp.request(gateway.port(), "GET", "/v1/models", headers).status();
    }

    private Reply socket(String... headers) {
        String head = "GET /v1/stream HTTP/1.1\r\n" + String.join("\r\n", headers)
                + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
        return RawHttp.upgrade(gateway.port(), RawHttp.bytes(head));
    }

    private JsonObject submit(String... headers) {
        return post("/v1/jobs", "{\"prompt\":\"an apple\"}", headers);
    }

    private String urlOfPicture(String... headers) {
        String body = "{\"prompt\":\"an apple\",\"response_format\":\"url\"}";
        return post("/v1/images/generations", body, headers)
                .getJsonArray("data")
                .getJsonObject(0)
                .getString("url");
    }

    private JsonObject post(String path, String body, String... headers) {
        // Of HTTP/1.0, where a host is not required.
        String head = "POST " + path + " HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: " + body.length()
                + "\r\n" + Stream.of(headers).map(header -> header + "\r\n").reduce("", String::concat);
        Reply reply = RawHttp.exchange(gateway.port(), (head + "\r\n" + body).getBytes(StandardCharsets.ISO_8859_1));
        assertThat(reply.status()).as(reply.body()).isBetween(200, 202);
        return new JsonObject(reply.body());
    }

    private void trust(String... proxies) {
        reopen(TestGateway.CONFIG.with(Access.of(List.of(proxies), List.of())));
    }

    private void allow(String... origins) {
        reopen(TestGateway.CONFIG.with(Access.of(List.of("127.0.0.1"), List.of(origins))));
    }

    private void reopen(GatewayConfig config) {
        gateway.close();
        gateway = new TestGateway(config);
    }
}
