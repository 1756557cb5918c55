package dev.weir.testing;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports for servers whose port others must know before they listen. They are below the range from which the system takes the ports of
 * outgoing connections, so that no connection takes one before its server listens. A JVM gives ports of blocks that it owns: it listens
 * at the first port of each for as long as it runs, so that no other JVM, of this build or of another, gives a port of that block.
 * Any thread.
 */
public final class FreePort {

    private static final int FIRST = 11_000;
    private static final int BLOCK = 100;
    private static final int BLOCKS = 200;

    /** They listen at the first ports of this JVM's blocks. Held here, because a socket that nothing refers to is closed. */
    private static final List<ServerSocket> OWNED = new ArrayList<>();

    private static int block = ThreadLocalRandom.current().nextInt(BLOCKS);
    private static int next = BLOCK;

    private FreePort() {}

    /** Each call gives another one. */
    public static synchronized int next() throws IOException {
        for (int i = 0; i < BLOCKS * BLOCK; i++) {
            if (next == BLOCK) {
                ownOneMore();
                next = 1;
            }
            int port = FIRST + block * BLOCK + next++;
            if (isFree(port)) {
                return port;
            }
        }
        throw new IOException("no port is free");
    }

    private static void ownOneMore() throws IOException {
        for (int i = 0; i < BLOCKS; i++) {
            block = (block + 1) % BLOCKS;
            try {
                OWNED.add(new ServerSocket(FIRST + block * BLOCK, 1, InetAddress.getLoopbackAddress()));
                return;
            } catch (BindException e) {
                // Another JVM owns it.
            }
        }
        throw new IOException("no ports are free");
    }

    private static boolean isFree(int port) throws IOException {
        try (ServerSocket socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(port));
            return true;
        } catch (BindException e) {
            return false;
        }
    }
}
