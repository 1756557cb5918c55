package dev.weir.tests;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A proxy to a gateway that breaks one connection after a number of bytes from the gateway. Its threads end with their
 * connections.
 */
public final class BreakingProxy implements AutoCloseable {

    private static final int PIECE = 512;

    private final ServerSocket door;
    private final URI gateway;
    private final int breakAfter;
    private final AtomicBoolean broke = new AtomicBoolean();
    private final AtomicInteger connections = new AtomicInteger();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    public BreakingProxy(URI gateway, int breakAfter) {
        this.gateway = gateway;
        this.breakAfter = breakAfter;
        try {
            door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        start(this::admit);
    }

    public String url() {
        return "http://127.0.0.1:" + door.getLocalPort();
    }

    public boolean broke() {
        return broke.get();
    }

    int connections() {
        return connections.get();
    }

    private void admit() throws IOException {
        while (true) {
            Socket client = door.accept();
            Socket server = new Socket(gateway.getHost(), gateway.getPort());
            connections.incrementAndGet();
            open.add(client);
            open.add(server);
            start(() -> pass(client, server, false));
            start(() -> pass(server, client, true));
        }
    }

    private void pass(Socket from, Socket to, boolean mayBreak) throws IOException {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] piece = new byte[PIECE];
            int passed = 0;
            for (int read = in.read(piece); read >= 0; read = in.read(piece)) {
                passed += read;
                if (mayBreak && passed > breakAfter && broke.compareAndSet(false, true)) {
                    return;
                }
                out.write(piece, 0, read);
            }
        }
    }

    private interface Passing {
        void run() throws IOException;
    }

    private static void start(Passing passing) {
        Thread thread = new Thread(
                () -> {
                    try {
                        passing.run();
                    } catch (IOException closed) {
                        // One of the two sides has closed.
                    }
                },
                "breaking-proxy");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() {
        try {
            door.close();
            for (Socket socket : open) {
                socket.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
