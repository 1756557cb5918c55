package dev.weir.gateway.stream;

import dev.weir.gateway.api.EventJson;
import dev.weir.gateway.http.SocketEntrance;
import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Preview;
import dev.weir.gateway.job.JobEvent.Progress;
import dev.weir.gateway.job.JobEvent.Queued;
import dev.weir.gateway.job.JobEvent.Warning;
import io.vertx.core.Vertx;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The pending messages of one socket. While the client is behind, only the newest progress and preview of each sample
 * are kept, and messages that must arrive go first. So a slow client receives fewer frames, but its final images are
 * not delayed. Bounded by the samples that the session admits. Event loop of the socket.
 */
final class Outbound {

    private static final int WRITE_QUEUE_BYTES = 256 << 10;
    private static final int NONE = -1;

    /** An event, and the client's own name for its job, or null. */
    private record Outgoing(String id, JobEvent event) {}

    private record Key(String job, int sample, Class<?> kind) {}

    private final Vertx vertx;
    private final ServerWebSocket socket;
    private final Duration slowClient;
    private final Runnable onDrained;
    private final Runnable onTooSlow;
    private final Deque<Object> certain = new ArrayDeque<>();
    private final Map<Key, Outgoing> newest = new LinkedHashMap<>();
    private int waitingFinals;
    private long slowTimer = NONE;
    private boolean closed;

    /**
     * @param onDrained called when the client has caught up
     * @param onTooSlow called when the client has been behind for too long
     */
    Outbound(Vertx vertx, ServerWebSocket socket, Duration slowClient, Runnable onDrained, Runnable onTooSlow) {
        this.vertx = vertx;
        this.socket = socket;
        this.slowClient = slowClient;
        this.onDrained = onDrained;
        this.onTooSlow = onTooSlow;
        socket.setWriteQueueMaxSize(WRITE_QUEUE_BYTES);
        socket.drainHandler(drained -> drained());
    }

    /** The number of messages that wait for the client. */
    int waiting() {
        return certain.size() + newest.size();
    }

    /** The number of finished images that wait for the client. */
    int waitingFinals() {
        return waitingFinals;
    }

    void tell(JsonObject message) {
        certain.add(message);
        pump();
    }

    void tell(String id, JobEvent event) {
        String job = event.at().job();
        int sample = event.at().sample();
        if (event instanceof Progress || event instanceof Preview || event instanceof Queued) {
            newest.put(new Key(job, sample, event.getClass()), new Outgoing(id, event));
        } else {
            if (!(event instanceof Warning)) {
                newest.remove(new Key(job, sample, Queued.class));
            }
            if (event.isLast()) {
                newest.remove(new Key(job, sample, Progress.class));
                newest.remove(new Key(job, sample, Preview.class));
            }
            waitingFinals += event instanceof Completed ? 1 : 0;
            certain.add(new Outgoing(id, event));
        }
        pump();
    }

    /** A socket throws what it is asked once its client has said goodbye, which is before its close handler is called. */
    private boolean isOpen() {
        return !closed && !socket.isClosed();
    }

    private void pump() {
        while (isOpen() && !socket.writeQueueFull()) {
            Object next = next();
            if (next == null) {
                return;
            }
            write(next);
        }
        if (isOpen() && slowTimer == NONE) {
            slowTimer = vertx.setTimer(slowClient.toMillis(), late -> onTooSlow.run());
        }
    }

    private Object next() {
        if (!certain.isEmpty()) {
            return certain.poll();
        }
        Iterator<Outgoing> oldest = newest.values().iterator();
        if (!oldest.hasNext()) {
            return null;
        }
        Outgoing outgoing = oldest.next();
        oldest.remove();
        return outgoing;
    }

    private void write(Object message) {
        if (message instanceof JsonObject json) {
            writeText(json);
        } else if (message instanceof Outgoing outgoing) {
            if (outgoing.event() instanceof Completed completed) {
                waitingFinals--;
                SocketEntrance.writeBinary(
                        socket, FrameMessage.of(outgoing.id(), completed.at(), "final", completed.picture()));
            }
            JsonObject json = EventJson.of(outgoing.event());
            writeText(outgoing.id() == null ? json : json.put("id", outgoing.id()));
            if (outgoing.event() instanceof Preview preview) {
                SocketEntrance.writeBinary(
                        socket, FrameMessage.of(outgoing.id(), preview.at(), "preview", preview.picture()));
            }
        }
    }

    private void writeText(JsonObject json) {
        socket.writeTextMessage(json.encode());
    }

    private void drained() {
        stopSlowTimer();
        pump();
        if (isOpen() && certain.isEmpty()) {
            onDrained.run();
        }
    }

    void close() {
        closed = true;
        stopSlowTimer();
        certain.clear();
        newest.clear();
    }

    private void stopSlowTimer() {
        vertx.cancelTimer(slowTimer);
        slowTimer = NONE;
    }
}
