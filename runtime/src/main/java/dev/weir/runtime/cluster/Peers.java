package dev.weir.runtime.cluster;

import dev.weir.runtime.ClusterConfig;
import dev.weir.runtime.HostPort;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Waits until one of the nodes to join is up. Clusters that began apart do merge, but that takes some 15 s during which work
 * goes nowhere; a stage is of no use alone, so it can as well wait. A thread of its own, since it blocks.
 */
final class Peers {

    private static final Logger log = LoggerFactory.getLogger(Peers.class);
    private static final int CONNECT_MS = 1000;
    private static final long PAUSE_MS = 300;
    private static final long LOG_EVERY_NANOS = TimeUnit.SECONDS.toNanos(10);

    private Peers() {}

    static Future<Void> awaitOne(List<HostPort> peers) {
        Promise<Void> up = Promise.promise();
        Thread thread = new Thread(() -> look(peers, up), "weir-join");
        thread.setDaemon(true);
        thread.start();
        return up.future();
    }

    private static void look(List<HostPort> peers, Promise<Void> up) {
        long loggedNanos = System.nanoTime() - LOG_EVERY_NANOS;
        try {
            while (peers.stream().flatMap(Peers::addresses).noneMatch(Peers::isUp)) {
                if (System.nanoTime() - loggedNanos >= LOG_EVERY_NANOS) {
                    log.info("Waiting for one of {} to be up", peers);
                    loggedNanos = System.nanoTime();
                }
                TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
            }
            up.complete();
        } catch (InterruptedException e) {
            up.fail(e);
        }
    }

    private static Stream<InetSocketAddress> addresses(HostPort peer) {
        IntStream ports = peer.port() != 0
                ? IntStream.of(peer.port())
                : IntStream.range(ClusterConfig.FIRST_PORT, ClusterConfig.FIRST_PORT + HazelcastConfigs.PORTS_TRIED);
        return ports.mapToObj(port -> new InetSocketAddress(peer.host(), port));
    }

    private static boolean isUp(InetSocketAddress address) {
        try (Socket socket = new Socket()) {
            socket.connect(address, CONNECT_MS);
            return true;
        } catch (IOException notYet) {
            return false;
        }
    }
}
