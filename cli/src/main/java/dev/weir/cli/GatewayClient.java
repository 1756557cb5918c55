package dev.weir.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletionException;

/** A gateway as its users see it: over HTTP and WebSocket. Calls block; for the command line's main thread. */
final class GatewayClient {

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(10);
    private static final long READY_PAUSE_MS = 20;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final URI url;
    private final HttpClient http;

    GatewayClient(URI url) {
        if (url.getHost() == null || !("http".equals(url.getScheme()) || "https".equals(url.getScheme()))) {
            throw new CliException(CliException.USAGE, "--url: " + url + " is no URL like http://127.0.0.1:8080");
        }
        this.url = url;
        this.http = HttpClient.newBuilder()
                .connectTimeout(CONNECT_TIMEOUT)
                .version(HttpClient.Version.HTTP_1_1)
                .build();
    }

    /** The JSON at a path. Throws {@link CliException} where nobody answers, or with an error. */
    JsonNode get(String path) {
        HttpRequest request =
                HttpRequest.newBuilder(resolve(path)).timeout(ANSWER_TIMEOUT).build();
        try {
            HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
            JsonNode body = parse(answer.body());
            if (answer.statusCode() != 200) {
                throw failed(body.path("error"), "the gateway answered " + answer.statusCode());
            }
            return body;
        } catch (IOException e) {
            throw unreachable(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException(CliException.FAILED, "interrupted", e);
        }
    }

    /** Returns when the gateway can have pictures made: every stage of some model has been heard of. */
    void awaitReady() {
        HttpRequest request = HttpRequest.newBuilder(resolve("/readyz"))
                .timeout(ANSWER_TIMEOUT)
                .build();
        try {
            while (http.send(request, BodyHandlers.discarding()).statusCode() != 200) {
                Thread.sleep(READY_PAUSE_MS);
            }
        } catch (IOException e) {
            throw unreachable(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException(CliException.FAILED, "interrupted", e);
        }
    }

    /**
     * Has pictures made; returns when each is done, failed or cancelled.
     *
     * @param request as for {@code POST /v1/jobs}
     */
    void generate(ObjectNode request, StreamSession.Watcher watcher) {
        StreamSession session = new StreamSession(request.put("type", "generate"), watcher);
        URI stream = URI.create(resolve("/v1/stream").toString().replaceFirst("^http", "ws"));
        try {
            http.newWebSocketBuilder()
                    .connectTimeout(CONNECT_TIMEOUT)
                    .buildAsync(stream, session)
                    .join();
        } catch (CompletionException e) {
            throw unreachable(CliException.rootOf(e));
        }
        session.await();
    }

    private URI resolve(String path) {
        return url.resolve(url.getRawPath().replaceFirst("/$", "") + path);
    }

    private CliException unreachable(Throwable e) {
        String why = e.getMessage() == null ? "" : ": " + e.getMessage();
        return new CliException(CliException.UNREACHABLE, "no gateway answers at " + url + why, e);
    }

    static JsonNode parse(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new CliException(CliException.FAILED, "what answered is no Weir gateway: not JSON", e);
        }
    }

    /** What an error object of the gateway says; its message names the field. */
    static CliException failed(JsonNode error, String otherwise) {
        String message = error.path("message").asText(otherwise);
        boolean isUsage = error.path("type").asText().equals("invalid_request_error");
        return new CliException(isUsage ? CliException.USAGE : CliException.FAILED, message);
    }
}
