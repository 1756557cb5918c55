package dev.weir.runtime.cluster;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.SocketAddress;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Checks whether any other node answers like a Hazelcast member. An accepted connection proves nothing: the kernel of a
 * frozen process accepts connections, and so do other programs that listen at the tried ports. An event loop.
 */
final class Neighbours {

    private static final int PATIENCE_MS = 1000;
    private static final int MOST_ASKED = 128;
    /** The first bytes that a member sends, and receives in return. */
    private static final String GREETING = "HZC";

    private final Vertx vertx;
    private final Peers peers;
    private final InetSocketAddress self;
    private final NetClient client;

    /** @param peers that this node was configured to join, possibly including itself */
    Neighbours(Vertx vertx, Peers peers, InetSocketAddress self) {
        this.vertx = vertx;
        this.peers = peers;
        this.self = self;
        this.client = vertx.createNetClient(new NetClientOptions().setConnectTimeout(PATIENCE_MS));
    }

    /** @param known further addresses to ask, in addition to those that this node was configured to join */
    Future<Boolean> anyAnswers(Collection<InetSocketAddress> known) {
        return vertx.executeBlocking(peers::addresses, false).compose(told -> {
            List<Future<Void>> answers = Stream.concat(known.stream(), told.stream())
                    .distinct()
                    .filter(address -> !address.equals(self))
                    .limit(MOST_ASKED)
                    .map(this::answer)
                    .toList();
            return answers.isEmpty()
                    ? Future.succeededFuture(false)
                    : Future.any(answers).map(true).otherwise(false);
        });
    }

    private Future<Void> answer(InetSocketAddress address) {
        return client.connect(SocketAddress.inetSocketAddress(address)).compose(socket -> greeted(socket)
                .timeout(PATIENCE_MS, TimeUnit.MILLISECONDS)
                .eventually(socket::close));
    }

    private static Future<Void> greeted(NetSocket socket) {
        Promise<Void> greeted = Promise.promise();
        socket.handler(bytes -> {
            if (bytes.toString().startsWith(GREETING)) {
                greeted.tryComplete();
            } else {
                greeted.tryFail("no member of a cluster");
            }
        });
        socket.closeHandler(v -> greeted.tryFail("closed"));
        socket.write(GREETING);
        return greeted.future();
    }
}
