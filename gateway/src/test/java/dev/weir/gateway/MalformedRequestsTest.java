package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.gateway.RawHttp.Reply;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** However malformed a request is, it is its client's fault, and the gateway says so. */
final class MalformedRequestsTest {

    private static final String APPLE = "{\"prompt\":\"an apple\"}";

    private static TestGateway gateway;

    @BeforeAll
    static void open() {
        gateway = new TestGateway();
    }

    @AfterAll
    static void close() {
        gateway.close();
    }

    /** All paths of the contract, the page's, and some that are nowhere. */
    static Stream<String> paths() {
        Stream<String> contract = new JsonObject(gateway.fetch("/openapi.json").body())
                .getJsonObject("paths").fieldNames().stream().map(path -> path.replaceAll("\\{[^}]*}", "0"));
        return Stream.concat(
                contract,
                Stream.of(
                        "/",
                        "/app.js",
                        "/style.css",
                        "/icon.svg",
                        "/openapi.json",
                        "/nowhere",
                        "/v1/jobs/",
                        "//",
                        "*"));
    }

    @ParameterizedTest
    @MethodSource("paths")
    void noTargetIsAnsweredWithAServerError(String path) {
        for (String end : new String[] {
            "/%zz",
            "/%",
            "/%4",
            "%2",
            "/%ff%fe",
            "/%00",
            "/%c0%af",
            "/..%2f..%2f",
            "/../..",
            "?a=%zz",
            "?%",
            "?=&&=",
            "?a=%ff",
            "#x",
            "/\u00e4",
            ";a=b",
            "/" + "x".repeat(3000),
            "?" + "x".repeat(5000),
            "/%E2%82%AC"
        }) {
            for (String method : new String[] {"GET", "HEAD", "POST", "DELETE", "OPTIONS"}) {
                expectNoServerError(
                        method + " " + path + end,
                        RawHttp.request(gateway.port(), method, path + end, "Host: localhost"));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("paths")
    void noMethodIsAnsweredWithAServerErrorAndThoseThatThereAreAreNamed(String path) {
        for (String method : new String[] {
            "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "X"
        }) {
            Reply reply = RawHttp.request(gateway.port(), method, path, "Host: localhost");

            expectNoServerError(method + " " + path, reply);
            if (reply.status() == 405) {
                assertThat(reply.header("Allow")).as(method + " " + path).isNotBlank();
                assertThat(List.of(reply.header("Allow").split(", ")))
                        .as(method + " " + path)
                        .doesNotContain(method)
                        .allSatisfy(
                                allowed -> assertThat(RawHttp.request(gateway.port(), allowed, path, "Host: localhost")
                                                .status())
                                        .isNotEqualTo(405));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("paths")
    void noHeaderIsAnsweredWithAServerError(String path) {
        for (String headers : new String[] {
            "",
            "Host: ",
            "Host: a b",
            "Host: a\r\nHost: b",
            "Host: localhost:99999",
            "Host: [::1",
            "Host: localhost\r\nX: " + "x".repeat(20_000),
            "Host: localhost\r\n" + "X-Y: z\r\n".repeat(2000) + "A: b",
            "Host: localhost\r\nNo colon here",
            "Host: localhost\r\nX\u0000Y: z",
            "Host: localhost\r\nContent-Length: -1",
            "Host: localhost\r\nContent-Length: 99999999999999999999",
            "Host: localhost\r\nContent-Length: 1\r\nContent-Length: 2",
            "Host: localhost\r\nTransfer-Encoding: nonsense",
            "Host: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 3",
            "Host: localhost\r\nExpect: the unexpected",
            "Host: localhost\r\nExpect: 100-continue",
            "Host: localhost\r\nRange: bytes=0-1",
            "Host: localhost\r\nRange: bytes=9-1,-,5",
            "Host: localhost\r\nIf-None-Match: *",
            "Host: localhost\r\nIf-Modified-Since: yesterday",
            "Host: localhost\r\nLast-Event-ID: -1",
            "Host: localhost\r\nLast-Event-ID: 99999999999999999999",
            "Host: localhost\r\ntraceparent: 00-nonsense",
            "Host: localhost\r\nIdempotency-Key: " + "k".repeat(300),
            "Host: localhost\r\nOrigin: \u00ff://",
            "Host: localhost\r\nForwarded: ;;,==\"",
            "Host: localhost\r\nX-Forwarded-For: ,,\r\nX-Forwarded-Host: ,\r\nX-Forwarded-Prefix: ,",
            "Host: localhost\r\nUpgrade: websocket",
            "Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade",
            "Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 12\r\nSec-WebSocket-Key: x",
            "Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13",
            "Host: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: !!",
            "Host: localhost\r\nCookie: \u0001",
            "Host: localhost\r\nAccept: nothing/at-all;q=z",
        }) {
            for (String method : new String[] {"GET", "HEAD", "POST", "DELETE"}) {
                String request = method + " " + path + " HTTP/1.1\r\n" + headers + "\r\nConnection: close\r\n\r\n";
                if (headers.contains("Connection: Upgrade")
                        || headers.contains("Content-Length")
                        || headers.contains("chunked")) {
                    request = request.replace("\r\nConnection: close", "");
                }
                expectNoServerError(headers + " at " + method + " " + path, halfClosed(request));
            }
        }
    }

    @Test
    void whatIsNoHttpIsClosedOrRefused() {
        for (String garbage : new String[] {
            "\r\n\r\n",
            "GET\r\n\r\n",
            "GET / HTTP/9.9\r\n\r\n",
            "GET / HTTP/1.1 extra\r\n\r\n",
            "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense that is no frame of any kind",
            "G".repeat(100_000),
        }) {
            expectNoServerError(garbage.substring(0, Math.min(20, garbage.length())), halfClosed(garbage));
        }
    }

    /** By what is wrong with it. */
    private static Map<String, byte[]> bodies() {
        Map<String, byte[]> bodies = new LinkedHashMap<>();
        for (String json : new String[] {
            "",
            "{",
            "[",
            "nul",
            "{} {}",
            "\"",
            "{\"a\"",
            "{\"prompt\":\"\\ud800\"}",
            "{\"prompt\":\"\\u0000\"}",
            "{'a':1}",
            "{\"prompt\":\"a\",\"prompt\":\"b\"}",
            "{\"prompt\":\"a\",\"n\":1e999999999}",
            "{\"prompt\":\"a\",\"seed\":-0.0}",
            "{\"prompt\":\"a\",\"seed\":1e-400}",
            "{\"prompt\":\"a\",\"n\":" + "9".repeat(5000) + "}",
            "{\"prompt\":\"a\",\"guidance_scale\":1E400}",
            "{\"prompt\":\"a\",\"size\":\"99999x99999\"}",
            "{\"prompt\":\"a\",\"size\":\"-1x0\"}",
            "{\"prompt\":{\"a\":{}}}",
            "{\"\":1}",
            "{\"prompt\":\"a\",\"n\":NaN}",
            "[".repeat(60_000),
            "{\"a\":".repeat(10_000),
            "{\"prompt\":\"" + "x".repeat(100_000) + "\"}",
            "{\"prompt\":\"a\",\"" + "k".repeat(100_000) + "\":1}",
            "x".repeat(200_000)
        }) {
            bodies.put(json.substring(0, Math.min(40, json.length())), json.getBytes(StandardCharsets.UTF_8));
        }
        bodies.put("no UTF-8", new byte[] {'{', '"', (byte) 0xff, (byte) 0xfe, '"', ':', '1', '}'});
        bodies.put("UTF-16", APPLE.getBytes(StandardCharsets.UTF_16));
        bodies.put("a byte order mark", ("\ufeff" + APPLE).getBytes(StandardCharsets.UTF_8));
        bodies.put("zeros", new byte[1000]);
        return bodies;
    }

    @Test
    void noBodyIsAnsweredWithAServerError() {
        for (String path :
                new String[] {"/v1/images/generations", "/v1/jobs", "/v1/models", "/v1/stream", "/v1/jobs/0"}) {
            bodies().forEach((name, body) -> {
                for (String headers : new String[] {
                    "Content-Type: application/json",
                    "Content-Type: application/json; charset=utf-16",
                    "Content-Type: application/json;;;=",
                    "Content-Type: multipart/form-data",
                    "Content-Type: multipart/form-data; boundary=x",
                    "Content-Type: application/x-www-form-urlencoded",
                    "Content-Type: \u00ff",
                    "X: no type",
                    "Content-Type: application/json\r\nContent-Encoding: gzip",
                    "Content-Type: application/json\r\nContent-Encoding: deflate",
                    "Content-Type: application/json\r\nContent-Encoding: br",
                    "Content-Type: application/json\r\nContent-Encoding: gzip, gzip",
                }) {
                    expectNoServerError(path + " " + headers + " " + name, post(path, body, headers));
                }
            });
        }
    }

    @Test
    void aBrokenChunkIsAnsweredWithNoServerError() {
        for (String chunks :
                new String[] {"zz\r\n{}\r\n0\r\n\r\n", "-1\r\n\r\n", "ffffffffffffffff\r\n", "2\r\n{}", "5\r\nabc\r\n"
                }) {
            expectNoServerError(
                    chunks,
                    halfClosed("POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\n"
                            + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks));
        }
    }

    @Test
    void aCompressedBodyIsRead() {
        assertThat(post(
                                "/v1/images/generations",
                                compressed(APPLE, GZIPOutputStream::new),
                                "Content-Type: application/json\r\nContent-Encoding: gzip")
                        .status())
                .isEqualTo(200);
        assertThat(post(
                                "/v1/images/generations",
                                compressed(APPLE, DeflaterOutputStream::new),
                                "Content-Type: application/json\r\nContent-Encoding: Deflate")
                        .status())
                .isEqualTo(200);
        assertThat(post(
                                "/v1/images/generations",
                                APPLE.getBytes(StandardCharsets.UTF_8),
                                "Content-Type: application/json\r\nContent-Encoding: identity")
                        .status())
                .isEqualTo(200);
    }

    @Test
    void aCompressedBodyIsBoundedByWhatItBecomes() {
        String prompt = "{\"prompt\":\""
                + " ".repeat(GatewayConfig.Limits.DEFAULT.requests().bodyBytes()) + "\"}";

        Reply reply = post(
                "/v1/jobs",
                compressed(prompt, GZIPOutputStream::new),
                "Content-Type: application/json\r\nContent-Encoding: gzip");

        assertThat(reply.status()).isEqualTo(413);
        assertThat(reply.body()).contains("body_too_large");
    }

    @Test
    void otherEncodingsAreRefusedWithThoseThatAreRead() {
        Reply reply = post("/v1/jobs", new byte[] {1, 2, 3}, "Content-Type: application/json\r\nContent-Encoding: br");
        Reply broken =
                post("/v1/jobs", new byte[] {1, 2, 3}, "Content-Type: application/json\r\nContent-Encoding: gzip");

        assertThat(reply.status()).isEqualTo(415);
        assertThat(reply.header("Accept-Encoding")).isEqualTo("gzip, deflate");
        assertThat(reply.body()).contains("unsupported_content_encoding", "br");
        assertThat(broken.status()).isEqualTo(400);
        assertThat(broken.body()).contains("not valid gzip");
    }

    @ParameterizedTest
    @MethodSource("paths")
    void aHeadIsThatOfTheGetAndHasNoBody(String path) {
        Reply get = RawHttp.request(gateway.port(), "GET", path, "Host: localhost");
        Reply head = RawHttp.request(gateway.port(), "HEAD", path, "Host: localhost");

        assertThat(head.status()).isEqualTo(get.status());
        assertThat(head.body()).isEmpty();
        if (get.status() == 200 && !path.equals("/metrics") && !path.equals("/v1/cluster")) {
            assertThat(head.header("Content-Length")).isEqualTo(get.header("Content-Length"));
            assertThat(head.header("Content-Type")).isEqualTo(get.header("Content-Type"));
        }
    }

    private static Reply post(String path, byte[] body, String headers) {
        String head = "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: "
                + body.length + "\r\n" + headers + "\r\n\r\n";
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        request.writeBytes(RawHttp.bytes(head));
        request.writeBytes(body);
        return RawHttp.exchange(gateway.port(), request.toByteArray());
    }

    /** A client that sends this and no more, so that an incomplete request ends too. */
    private static Reply halfClosed(String request) {
        return RawHttp.halfClosed(gateway.port(), RawHttp.bytes(request));
    }

    private static void expectNoServerError(String request, Reply reply) {
        assertThat(reply.status()).as(request + " got " + reply.body()).isLessThan(500);
        if (reply.status() >= 400 && !reply.body().isEmpty() && !request.contains("HEAD ")) {
            assertThat(new JsonObject(reply.body()).getJsonObject("error").getString("message"))
                    .as(request)
                    .isNotBlank();
        }
    }

    private interface Compression {
        OutputStream around(OutputStream out) throws IOException;
    }

    private static byte[] compressed(String text, Compression compression) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = compression.around(bytes)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
