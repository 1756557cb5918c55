package dev.weir.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.channels.UnresolvedAddressException;
import java.security.cert.CertPathBuilderException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionException;

/**
 * The client's gateways. A call goes to the gateway that answered last; where that one does not answer, to the next. Calls block. Thread
 * safe.
 */
final class Gateways {

    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration CANCEL_TIMEOUT = Duration.ofSeconds(2);
    /** A proxy answers so for a gateway that is away, and a gateway that is not ready. */
    private static final Set<Integer> NOT_NOW = Set.of(502, 503, 504);

    private static final int UNAUTHORIZED = 401;

    private final List<URI> urls;
    private final HttpClient http;
    private final Duration connectTimeout;
    private final Map<String, String> headers;
    /** The index of the gateway that answered last. Threads may overwrite each other's: any of them is a good start. */
    private volatile int last;

    Gateways(List<URI> urls, HttpClient http, Duration connectTimeout, Map<String, String> headers) {
        this.urls = List.copyOf(urls);
        this.http = http;
        this.connectTimeout = connectTimeout;
        this.headers = Map.copyOf(headers);
    }

    private interface Call<T> {
        T at(URI gateway) throws IOException, InterruptedException;
    }

    /** The first answer of any gateway. */
    private <T> T anyOf(Call<T> call) {
        int first = last;
        for (int i = 0; ; i++) {
            int index = (first + i) % urls.size();
            try {
                T answer = call.at(urls.get(index));
                last = index;
                return answer;
            } catch (IOException e) {
                if (i == urls.size() - 1) {
                    throw new GatewayUnreachableException(
                            "no gateway answers at %s: %s".formatted(urls.get(index), reason(e)), e);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new GenerationCancelledException("the thread was interrupted");
            }
        }
    }

    /** The JDK's client has no message for the most frequent reasons. */
    private static String reason(IOException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertPathBuilderException) {
                return "its certificate is not of an authority that this client trusts; name the certificate, or its authority's, with --ca or WeirClient.Builder.trust";
            }
        }
        if (e.getMessage() != null) {
            return e.getMessage();
        }
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnresolvedAddressException) {
                return "Name or service not known";
            }
        }
        return e instanceof ConnectException ? "Connection refused" : "the connection broke";
    }

    private HttpRequest.Builder request(URI gateway, String path, Duration timeout) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(gateway + path)).timeout(timeout);
        headers.forEach(request::header);
        return request;
    }

    /** The JSON at a path. Throws the exception for the gateway's error where it answers with one. */
    JsonNode get(String path) {
        HttpResponse<String> answer = anyOf(
                gateway -> http.send(request(gateway, path, ANSWER_TIMEOUT).build(), BodyHandlers.ofString()));
        if (answer.statusCode() == 200) {
            return Json.parse(answer.body());
        }
        throw failure(answer);
    }

    private static WeirException failure(HttpResponse<String> answer) {
        String otherwise = answer.uri() + " answered " + answer.statusCode();
        boolean isJson = answer.headers().firstValue("Content-Type").orElse("").startsWith("application/json");
        JsonNode error = isJson ? Json.parse(answer.body()).path("error") : Json.object();
        long retryAfter = answer.headers()
                .firstValue("Retry-After")
                .filter(text -> text.matches("[0-9]{1,6}"))
                .map(Long::parseLong)
                .orElse(0L);
        return WeirException.of(error, retryAfter, otherwise);
    }

    int status(String path) {
        return anyOf(gateway -> http.send(request(gateway, path, ANSWER_TIMEOUT).build(), BodyHandlers.discarding()))
                .statusCode();
    }

    /** Asks for an end. The answer does not matter: a job that no gateway knows has ended. */
    void delete(String path) {
        try {
            anyOf(gateway ->
                    http.send(request(gateway, path, CANCEL_TIMEOUT).DELETE().build(), BodyHandlers.discarding()));
        } catch (GatewayUnreachableException | GenerationCancelledException e) {
            // No gateway is left to work on the job for this client, or its thread was interrupted and waits no longer.
        }
    }

    /**
     * Opens a WebSocket to a gateway.
     *
     * @param isRetry whether to wait and try again where none answers
     */
    GatewaySocket stream(boolean isRetry) throws GatewaySocket.BrokenException {
        GatewaySocket session = new GatewaySocket();
        try {
            anyOf(gateway -> connect(gateway, session));
        } catch (GatewayUnreachableException e) {
            if (isRetry || isNotNow(e.getCause().getCause())) {
                throw new GatewaySocket.BrokenException(e.getMessage());
            }
            throw e;
        }
        return session;
    }

    private WebSocket connect(URI gateway, GatewaySocket session) throws IOException {
        WebSocket.Builder builder = http.newWebSocketBuilder().connectTimeout(connectTimeout);
        headers.forEach(builder::header);
        try {
            return builder.buildAsync(
                            URI.create(gateway.toString().replaceFirst("^http", "ws") + "/v1/stream"), session)
                    .join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof WebSocketHandshakeException refused
                    && refused.getResponse().statusCode() == UNAUTHORIZED) {
                throw new InvalidRequestException(
                        "invalid_api_key", gateway + " needs an API key, and knows no such key", null);
            }
            String why = e.getCause() instanceof WebSocketHandshakeException refused
                    ? "it refuses WebSockets with status "
                            + refused.getResponse().statusCode()
                    : e.getCause().getMessage();
            throw new IOException(why, e.getCause());
        }
    }

    private static boolean isNotNow(Throwable why) {
        return why instanceof WebSocketHandshakeException refused
                && NOT_NOW.contains(refused.getResponse().statusCode());
    }
}
