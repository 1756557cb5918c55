package dev.weir.gateway.http;

import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.impl.ConnectionBase;

/**
 * Disconnects a client that does not read. Vert.x's own ways to close a connection first write the queued data, which
 * such a client never allows. So the underlying channel is closed. Event loop of the request.
 */
public final class Cutoff {

    private Cutoff() {}

    /** Ends the connection; if several requests share it, only this request. */
    public static void cut(HttpServerRequest request) {
        if (request.version() == HttpVersion.HTTP_2) {
            request.response().reset();
        } else if (request.connection() instanceof ConnectionBase connection) {
            connection.channel().unsafe().close(connection.channel().voidPromise());
        }
    }
}
