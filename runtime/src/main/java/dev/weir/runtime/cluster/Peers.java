package dev.weir.runtime.cluster;

import dev.weir.runtime.ClusterConfig;
import dev.weir.runtime.HostPort;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.security.Security;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The nodes to join. A stage waits until one of them is up: separate clusters do merge, but this takes about 15 s
 * during which no work is delivered, and a stage alone is useless. It waits on its own thread, because lookups block.
 */
final class Peers {

    /** The current addresses of a name. Platforms with one name for all nodes give one address per node. */
    @FunctionalInterface
    interface Names {
        InetAddress[] addresses(String host) throws UnknownHostException;
    }

    private static final Logger log = LoggerFactory.getLogger(Peers.class);
    /** The number of ports that are tried at a host without a given port. */
    private static final int PORTS_TRIED = 10;

    private static final int CONNECT_MS = 1000;
    private static final long PAUSE_MS = 300;
    private static final long LOG_EVERY_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final List<HostPort> peers;
    private final Names names;

    Peers(List<HostPort> peers, Names names) {
        this.peers = List.copyOf(peers);
        this.names = names;
    }

    /**
     * Nodes and the addresses of their name change. The JVM, including Hazelcast's joins, resolves names again after
     * this time.
     */
    static void lookNamesUpOften() {
        Security.setProperty("networkaddress.cache.ttl", "2");
        Security.setProperty("networkaddress.cache.negative.ttl", "1");
    }

    Future<Void> awaitOne() {
        Promise<Void> up = Promise.promise();
        Thread thread = new Thread(() -> look(up), "weir-join");
        thread.setDaemon(true);
        thread.start();
        return up.future();
    }

    private void look(Promise<Void> up) {
        long loggedNanos = System.nanoTime(); // Nodes may start in any order, so a short wait is no news.
        try {
            while (addresses().stream().noneMatch(Peers::isUp)) {
                if (System.nanoTime() - loggedNanos >= LOG_EVERY_NANOS) {
                    log.warn("Waiting for one of {} to be up", peers);
                    loggedNanos = System.nanoTime();
                }
                TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
            }
            up.complete();
        } catch (InterruptedException e) {
            up.fail(e);
        }
    }

    /** All currently known nodes, possibly including this one. Blocks while names are resolved. */
    List<InetSocketAddress> addresses() {
        return peers.stream().flatMap(this::addresses).distinct().toList();
    }

    private Stream<InetSocketAddress> addresses(HostPort peer) {
        int first = peer.port() == 0 ? ClusterConfig.FIRST_PORT : peer.port();
        int count = peer.port() == 0 ? PORTS_TRIED : 1;
        try {
            return Arrays.stream(names.addresses(peer.host())).flatMap(address -> IntStream.range(first, first + count)
                    .mapToObj(port -> new InetSocketAddress(address, port)));
        } catch (UnknownHostException notYet) {
            return Stream.empty();
        }
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
