package dev.weir.gateway.http;

import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.impl.ConnectionBase;

/**
 * The end for a client that does not read what it is sent. Vert.x's own ways to close a connection write out first what is
 * queued, which such a client never lets happen; so its channel is closed underneath. Event loop of the request.
 */
public final class Cutoff {

    private Cutoff() {}

    /** Ends the connection; where requests share it, only this one. */
    public static void cut(HttpServerRequest request) {
        if (request.version() == HttpVersion.HTTP_2) {
            request.response().reset();
        } else if (request.connection() instanceof ConnectionBase connection) {
            connection.channel().unsafe().close(connection.channel().voidPromise());
        }
    }
}
