package dev.weir.runtime.cluster;

import dev.weir.runtime.HostPort;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetSocket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** A way to a port that swallows what is sent over it while it is told to. */
public final class LossyCable {

    private final NetClient client;
    private final HostPort end;
    private final Set<NetSocket> open = ConcurrentHashMap.newKeySet();
    private final AtomicLong swallowed = new AtomicLong();
    private volatile boolean swallows;

    private LossyCable(Vertx vertx, HostPort end) {
        client = vertx.createNetClient();
        this.end = end;
    }

    public static Future<LossyCable> between(Vertx vertx, HostPort start, HostPort end) {
        LossyCable cable = new LossyCable(vertx, end);
        return vertx.createNetServer()
                .connectHandler(cable::connect)
                .listen(start.port(), start.host())
                .map(cable);
    }

    public void swallow() {
        swallows = true;
    }

    /** What comes now passes again. What was swallowed is lost, and nobody is told. */
    public void pass() {
        swallows = false;
    }

    /** What comes now passes again, over new connections: those that lost something are closed. */
    public void renew() {
        swallows = false;
        open.forEach(NetSocket::close);
    }

    public long swallowedBytes() {
        return swallowed.get();
    }

    private void connect(NetSocket near) {
        near.pause();
        client.connect(end.port(), end.host()).onFailure(e -> near.close()).onSuccess(far -> {
            pass(near, far);
            pass(far, near);
            near.resume();
        });
    }

    private void pass(NetSocket from, NetSocket to) {
        open.add(from);
        from.closeHandler(closed -> {
            open.remove(from);
            to.close();
        });
        from.handler(bytes -> {
            if (swallows) {
                swallowed.addAndGet(bytes.length());
            } else {
                to.write(bytes);
            }
        });
    }
}
