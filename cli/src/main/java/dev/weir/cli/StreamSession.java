package dev.weir.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * One {@code generate} command on a gateway's WebSocket, and what comes back. The HTTP client's thread puts messages in a
 * queue, one at a time, and whoever awaits the end handles them: a slow disk slows the gateway's frames, not its memory.
 */
final class StreamSession implements WebSocket.Listener {

    /** Who is told what happens, on the thread that awaits. */
    interface Watcher {

        /**
         * {@code queued}, {@code started}, {@code progress}, {@code resumed}, {@code completed}, {@code failed} or {@code
         * cancelled}.
         */
        void event(JsonNode event);

        /** A picture, encoded: a frame, or the one that the sample was for. */
        void image(ImageMessage image);
    }

    private sealed interface Incoming {
        record Text(String text) implements Incoming {}

        record Bytes(byte[] bytes) implements Incoming {}

        record Broken(String reason) implements Incoming {}
    }

    private final ObjectNode command;
    private final Watcher watcher;
    private final BlockingQueue<Incoming> queue = new LinkedBlockingQueue<>();
    private final StringBuilder text = new StringBuilder();
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private volatile WebSocket socket;

    StreamSession(ObjectNode command, Watcher watcher) {
        this.command = command;
        this.watcher = watcher;
    }

    @Override
    public void onOpen(WebSocket opened) {
        socket = opened;
        opened.sendText(command.toString(), true);
        opened.request(1);
    }

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
        text.append(part);
        if (last) {
            queue.add(new Incoming.Text(text.toString()));
            text.setLength(0);
        } else {
            from.request(1);
        }
        return null;
    }

    @Override
    public CompletionStage<?> onBinary(WebSocket from, ByteBuffer part, boolean last) {
        byte[] read = new byte[part.remaining()];
        part.get(read);
        bytes.writeBytes(read);
        if (last) {
            queue.add(new Incoming.Bytes(bytes.toByteArray()));
            bytes.reset();
        } else {
            from.request(1);
        }
        return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
        queue.add(new Incoming.Broken("the gateway closed the connection (" + code + " " + reason + ")"));
        return null;
    }

    @Override
    public void onError(WebSocket from, Throwable error) {
        queue.add(new Incoming.Broken("the connection to the gateway broke: " + error.getMessage()));
    }

    /** Returns when every sample has come to an end; throws {@link CliException} where one failed or the gateway left. */
    void await() {
        int samples = command.path("n").asInt(1);
        Set<Integer> ended = new HashSet<>();
        try {
            while (ended.size() < samples) {
                Incoming message = queue.take();
                if (message instanceof Incoming.Text event) {
                    handle(GatewayClient.parse(event.text()), ended);
                } else if (message instanceof Incoming.Bytes image) {
                    watcher.image(ImageMessage.read(image.bytes()));
                } else if (message instanceof Incoming.Broken broken) {
                    throw new CliException(CliException.FAILED, broken.reason());
                }
                socket.request(1);
            }
            socket.sendClose(WebSocket.NORMAL_CLOSURE, "");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException(CliException.FAILED, "interrupted", e);
        }
    }

    private void handle(JsonNode event, Set<Integer> ended) {
        String type = event.path("type").asText();
        if (type.equals("error") || type.equals("failed")) {
            throw GatewayClient.failed(event.path("error"), "the gateway could not make it");
        }
        if (type.equals("cancelled")) {
            throw new CliException(CliException.FAILED, "the job was cancelled");
        }
        if (type.equals("completed")) {
            ended.add(event.path("sample").asInt());
        }
        watcher.event(event);
    }
}
