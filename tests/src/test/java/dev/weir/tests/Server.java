package dev.weir.tests;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** A gateway, over plain HTTP. */
public record Server(URI url) {

    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration TIMEOUT = Duration.ofMinutes(4);

    public record Answer(int status, JsonNode body) {}

    public static Server at(String url) {
        return new Server(URI.create(url));
    }

    public JsonNode get(String path) {
        return send(HttpRequest.newBuilder(url.resolve(path))).join().body();
    }

    /** The body at a path as text. */
    public String text(String path) {
        return HTTP.sendAsync(
                        HttpRequest.newBuilder(url.resolve(path))
                                .timeout(TIMEOUT)
                                .build(),
                        BodyHandlers.ofString())
                .join()
                .body();
    }

    byte[] bytes(String path) {
        return HTTP.sendAsync(
                        HttpRequest.newBuilder(url.resolve(path))
                                .timeout(TIMEOUT)
                                .build(),
                        BodyHandlers.ofByteArray())
                .join()
                .body();
    }

    /** Passes on lines as they arrive. Completes at the end. */
    CompletableFuture<Void> follow(String path, Consumer<String> line) {
        return HTTP.sendAsync(HttpRequest.newBuilder(url.resolve(path)).build(), BodyHandlers.ofLines())
                .thenAcceptAsync(response -> response.body().forEach(line));
    }

    /** {@code POST /v1/images/generations}. */
    public CompletableFuture<Answer> generate(Map<String, Object> request) {
        return post("/v1/images/generations", request);
    }

    CompletableFuture<Answer> post(String path, Map<String, Object> request) {
        return send(HttpRequest.newBuilder(url.resolve(path))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(JSON.valueToTree(request).toString())));
    }

    /**
     * A form, as {@code multipart/form-data}.
     *
     * @param fields texts, or files as arrays of bytes
     * @return the answer's body as text
     */
    CompletableFuture<String> form(String path, Map<String, Object> fields) {
        String boundary = "between-the-parts";
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        fields.forEach((name, value) -> {
            boolean isFile = value instanceof byte[];
            String head = "--%s\r\nContent-Disposition: form-data; name=\"%s\"%s\r\n\r\n"
                    .formatted(boundary, name, isFile ? "; filename=\"file\"" : "");
            body.writeBytes(head.getBytes(StandardCharsets.UTF_8));
            body.writeBytes(isFile ? (byte[]) value : value.toString().getBytes(StandardCharsets.UTF_8));
            body.writeBytes("\r\n".getBytes(StandardCharsets.UTF_8));
        });
        body.writeBytes("--%s--\r\n".formatted(boundary).getBytes(StandardCharsets.UTF_8));
        return HTTP.sendAsync(
                        HttpRequest.newBuilder(url.resolve(path))
                                .header("Content-Type", "multipart/form-data; boundary=" + boundary)
                                .POST(BodyPublishers.ofByteArray(body.toByteArray()))
                                .timeout(TIMEOUT)
                                .build(),
                        BodyHandlers.ofString())
                .thenApply(HttpResponse::body);
    }

    private static CompletableFuture<Answer> send(HttpRequest.Builder request) {
        return HTTP.sendAsync(request.timeout(TIMEOUT).build(), BodyHandlers.ofString())
                .thenApply(Server::answer);
    }

    private static Answer answer(HttpResponse<String> response) {
        try {
            return new Answer(response.statusCode(), JSON.readTree(response.body()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
