package dev.weir.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.cli.StreamSession.BrokenException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocketHandshakeException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;

/** A gateway as its users see it: over HTTP and WebSocket. Calls block; for the command line's main thread. */
final class GatewayClient {

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration GOODBYE = Duration.ofSeconds(2);
    private static final long READY_PAUSE_MS = 20;
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final Set<Integer> NOT_NOW = Set.of(502, 503, 504);

    private final List<URI> urls;
    private final HttpClient http;
    /** Of the one that answered last. */
    private int at;

    GatewayClient(URI url) {
        this(List.of(url));
    }

    /** @param urls of gateways that are one as good as the other */
    GatewayClient(List<URI> urls) {
        for (URI url : urls) {
            if (url.getHost() == null || !("http".equals(url.getScheme()) || "https".equals(url.getScheme()))) {
                throw new CliException(CliException.USAGE, "--url: " + url + " is no URL like http://127.0.0.1:8080");
            }
        }
        this.urls = List.copyOf(urls);
        this.http = HttpClient.newBuilder()
                .connectTimeout(CONNECT_TIMEOUT)
                .version(HttpClient.Version.HTTP_1_1)
                .build();
    }

    /** The JSON at a path. Throws {@link CliException} where nobody answers, or with an error. */
    JsonNode get(String path) {
        try {
            HttpResponse<String> answer = ask(path);
            JsonNode body = parse(answer.body());
            if (answer.statusCode() != 200) {
                throw failed(body.path("error"), "the gateway answered " + answer.statusCode());
            }
            return body;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException(CliException.FAILED, "interrupted", e);
        }
    }

    /** What the first of them answers that answers. */
    private HttpResponse<String> ask(String path) throws InterruptedException {
        for (int left = urls.size(); ; left--) {
            HttpRequest request = HttpRequest.newBuilder(resolve(path))
                    .timeout(ANSWER_TIMEOUT)
                    .build();
            try {
                return http.send(request, BodyHandlers.ofString());
            } catch (IOException e) {
                if (left == 1) {
                    throw unreachable(e);
                }
                turn();
            }
        }
    }

    private void turn() {
        at = (at + 1) % urls.size();
    }

    /** Asks for an end, and does not wait long for the answer, which nobody needs. */
    void delete(String path) {
        HttpRequest request =
                HttpRequest.newBuilder(resolve(path)).timeout(GOODBYE).DELETE().build();
        try {
            http.send(request, BodyHandlers.discarding());
        } catch (IOException e) {
            // The job is finished, and nobody comes for it.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
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
    void generate(ObjectNode request, PursuedJob.Watcher watcher) {
        new PursuedJob(this, request, watcher).run();
    }

    /**
     * Opens a socket to the first of them that answers.
     *
     * @param patient whether it is worth another try where none does
     */
    StreamSession stream(StreamSession session, boolean patient) throws BrokenException {
        for (int left = urls.size(); ; left--) {
            URI stream = URI.create(resolve("/v1/stream").toString().replaceFirst("^http", "ws"));
            try {
                http.newWebSocketBuilder()
                        .connectTimeout(CONNECT_TIMEOUT)
                        .buildAsync(stream, session)
                        .join();
                return session;
            } catch (CompletionException e) {
                Throwable why = CliException.rootOf(e);
                CliException unreachable = unreachable(why);
                turn();
                if (left == 1) {
                    if (patient || isNotNow(why)) {
                        throw new BrokenException(unreachable.getMessage());
                    }
                    throw unreachable;
                }
            }
        }
    }

    /** Whether a proxy says that nobody is behind it, or a gateway that it is not ready. */
    private static boolean isNotNow(Throwable why) {
        return why instanceof WebSocketHandshakeException refused
                && NOT_NOW.contains(refused.getResponse().statusCode());
    }

    private URI resolve(String path) {
        URI url = urls.get(at);
        return url.resolve(url.getRawPath().replaceFirst("/$", "") + path);
    }

    private CliException unreachable(Throwable e) {
        String why = e.getMessage() == null ? "" : ": " + e.getMessage();
        return new CliException(CliException.UNREACHABLE, "no gateway answers at " + urls.get(at) + why, e);
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
