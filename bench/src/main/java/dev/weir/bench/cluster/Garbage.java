package dev.weir.bench.cluster;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.random.RandomGenerator;

/** Bytes that a port scan, a stray client or a broken peer writes to a port that expects frames. */
public final class Garbage {

    private static final int CONNECT_MS = 1000;
    private static final int RANDOM_BYTES = 4096;

    private Garbage() {}

    /**
     * Writes some of each kind to every port of the node: the bus's, Hazelcast's, and HTTP's.
     *
     * @return how many connections accepted some
     */
    public static int throwAt(Member member, RandomGenerator random) {
        int taken = 0;
        try {
            for (int port : ListeningPorts.of(member.process().pid())) {
                for (byte[] bytes : kinds(random)) {
                    taken += write(member.host().address(), port, bytes) ? 1 : 0;
                }
            }
        } catch (IOException gone) {
            // The process has ended, and its ports with it.
            return taken;
        }
        return taken;
    }

    private static List<byte[]> kinds(RandomGenerator random) {
        byte[] noise = new byte[RANDOM_BYTES];
        random.nextBytes(noise);
        return List.of(
                noise,
                frame(Integer.MAX_VALUE, noise),
                frame(-1, noise),
                frame(0, new byte[0]),
                frame(RANDOM_BYTES, new byte[RANDOM_BYTES / 2]),
                frame(RANDOM_BYTES, noise),
                "HZC".getBytes(StandardCharsets.US_ASCII),
                "HZX\u0000\u0001".getBytes(StandardCharsets.US_ASCII),
                "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    }

    /** In the bus's framing: the length, then so many bytes. */
    private static byte[] frame(int announced, byte[] bytes) {
        return ByteBuffer.allocate(4 + bytes.length)
                .putInt(announced)
                .put(bytes)
                .array();
    }

    private static boolean write(String host, int port, byte[] bytes) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(host, port), CONNECT_MS);
            socket.getOutputStream().write(bytes);
            return true;
        } catch (IOException refused) {
            return false;
        }
    }
}
