package dev.weir.tests;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A WebSocket at a gateway, with its events and the files of finished images. */
public final class SocketPictures implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final Heard heard = new Heard();
    private final WebSocket socket;

    public SocketPictures(URI gateway, String command) {
        this(gateway);
        send(command);
    }

    public SocketPictures(URI gateway) {
        socket = HTTP.newWebSocketBuilder()
                .buildAsync(URI.create(gateway.toString().replace("http:", "ws:") + "/v1/stream"), heard)
                .join();
    }

    public void send(String command) {
        socket.sendText(command, true).join();
    }

    /** A file that later commands name as {@code upload:NAME}. */
    public void upload(String name, byte[] file) {
        byte[] header = "{\"upload\":\"%s\"}".formatted(name).getBytes(StandardCharsets.UTF_8);
        ByteBuffer message = ByteBuffer.allocate(Integer.BYTES + header.length + file.length);
        socket.sendBinary(message.putInt(header.length).put(header).put(file).flip(), true)
                .join();
    }

    public List<JsonNode> events(String type) {
        return heard.events.stream()
                .filter(event -> event.path("type").asText().equals(type))
                .toList();
    }

    /** By sample. */
    public Map<Integer, byte[]> finals() {
        return heard.finals;
    }

    @Override
    public void close() {
        socket.abort();
    }

    /** A final's binary message: the length of its header, the header as JSON, the file. */
    private static final class Heard implements WebSocket.Listener {
        private final Map<Integer, byte[]> finals = new ConcurrentHashMap<>();
        private final List<JsonNode> events = new CopyOnWriteArrayList<>();
        private final StringBuilder text = new StringBuilder();
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
            text.append(part);
            if (last) {
                events.add(read(text.toString().getBytes(StandardCharsets.UTF_8)));
                text.setLength(0);
            }
            socket.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer part, boolean last) {
            byte[] read = new byte[part.remaining()];
            part.get(read);
            bytes.writeBytes(read);
            if (last) {
                ByteBuffer message = ByteBuffer.wrap(bytes.toByteArray());
                bytes.reset();
                byte[] header = new byte[message.getInt()];
                message.get(header);
                byte[] image = new byte[message.remaining()];
                message.get(image);
                JsonNode json = read(header);
                if (json.path("kind").asText().equals("final")) {
                    finals.put(json.path("sample").asInt(), image);
                }
            }
            socket.request(1);
            return null;
        }

        private static JsonNode read(byte[] json) {
            try {
                return JSON.readTree(json);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
