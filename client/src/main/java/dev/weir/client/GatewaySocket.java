package dev.weir.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * One WebSocket to a gateway. The HTTP client's thread puts one message at a time into a queue; the job's thread takes it, and then asks for
 * the next. So a slow reader slows the gateway down and does not fill this process's memory.
 */
final class GatewaySocket implements WebSocket.Listener, AutoCloseable {

    /** After such a silence the gateway is sent a ping. */
    private static final Duration SILENCE = Duration.ofSeconds(2);

    private static final int MAX_UNANSWERED_PINGS = 3;
    /** Nobody sends it: RFC 6455 has it for a connection that ends without a message that closes it. */
    private static final int BROKEN_CODE = 1006;

    sealed interface Message {
        /** An event, or a refusal. */
        record Text(String text) implements Message {}

        /** A frame or a finished image, with its header. */
        record Image(byte[] bytes) implements Message {}

        /** {@link #wake()} was called. */
        record Awakened() implements Message {}

        record Pong() implements Message {}

        record Broken(String reason) implements Message {}
    }

    /** Nothing more comes over this socket. Another socket may work. */
    static final class BrokenException extends Exception {
        private static final long serialVersionUID = 1L;

        BrokenException(String message) {
            super(message, null, false, false);
        }
    }

    private final BlockingQueue<Message> queue = new LinkedBlockingQueue<>();
    private final StringBuilder text = new StringBuilder();
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private volatile WebSocket socket;

    @Override
    public void onOpen(WebSocket opened) {
        socket = opened;
        opened.request(1);
    }

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
        text.append(part);
        if (last) {
            queue.add(new Message.Text(text.toString()));
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
            queue.add(new Message.Image(bytes.toByteArray()));
            bytes.reset();
        } else {
            from.request(1);
        }
        return null;
    }

    @Override
    public CompletionStage<?> onPong(WebSocket from, ByteBuffer empty) {
        queue.add(new Message.Pong());
        return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
        queue.add(new Message.Broken(
                code == BROKEN_CODE
                        ? "the connection to the gateway broke"
                        : "the gateway closed the connection (%s)".formatted((code + " " + reason).strip())));
        return null;
    }

    @Override
    public void onError(WebSocket from, Throwable error) {
        String why = error.getMessage() == null ? error.getClass().getSimpleName() : error.getMessage();
        queue.add(new Message.Broken("the connection to the gateway broke: " + why));
    }

    void send(JsonNode command) {
        socket.sendText(command.toString(), true);
    }

    /** Makes a waiting {@link #next()} return. Any thread. */
    void wake() {
        queue.add(new Message.Awakened());
    }

    /** Waits for an event, an image or a {@link #wake()}. */
    Message next() throws BrokenException, InterruptedException {
        int unanswered = 0;
        while (unanswered < MAX_UNANSWERED_PINGS) {
            Message message = queue.poll(SILENCE.toMillis(), TimeUnit.MILLISECONDS);
            if (message instanceof Message.Broken broken) {
                throw new BrokenException(broken.reason());
            }
            if (message instanceof Message.Awakened) {
                return message;
            }
            if (message == null) {
                unanswered++;
                socket.sendPing(ByteBuffer.allocate(0));
                continue;
            }
            socket.request(1);
            if (message instanceof Message.Pong) {
                unanswered = 0;
            } else {
                return message;
            }
        }
        throw new BrokenException("the gateway has been silent for "
                + SILENCE.multipliedBy(MAX_UNANSWERED_PINGS).toSeconds() + " s");
    }

    @Override
    public void close() {
        socket.sendClose(WebSocket.NORMAL_CLOSURE, "");
    }
}
