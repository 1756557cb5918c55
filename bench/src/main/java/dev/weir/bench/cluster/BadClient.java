package dev.weir.bench.cluster;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/** Misbehaving clients: one that reads nothing of what it requested, one that disconnects in the middle. */
public final class BadClient {

    private static final int SMALL_BUFFER = 4096;

    private final Socket socket;

    private BadClient(Socket socket) {
        this.socket = socket;
    }

    /** Requests images and many frames over a connection with small buffers, and reads nothing. */
    public static BadClient ask(URI gateway, JobRequest request) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(SMALL_BUFFER);
        socket.connect(new InetSocketAddress(gateway.getHost(), gateway.getPort()));
        byte[] body = request.streamedBody().getBytes(StandardCharsets.UTF_8);
        String head =
                """
                POST /v1/images/generations HTTP/1.1\r
                Host: %s\r
                Content-Type: application/json\r
                Content-Length: %d\r
                \r
                """
                        .formatted(gateway.getAuthority(), body.length);
        socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().write(body);
        return new BadClient(socket);
    }

    /** Without a close handshake: the server sees a broken connection. */
    public void vanish() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    public void close() throws IOException {
        socket.close();
    }
}
