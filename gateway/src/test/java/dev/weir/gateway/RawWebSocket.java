package dev.weir.gateway;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;

/** A client that reads nothing after the upgrade. Its system takes few bytes for it, and its close is a reset. One thread. */
final class RawWebSocket implements AutoCloseable {

    private static final int RECEIVED_BYTES = 4096;

    private static final String UPGRADE = "GET /v1/stream HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            + "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

    private final Socket socket = new Socket();

    RawWebSocket(int port) {
        try {
            socket.setReceiveBufferSize(RECEIVED_BYTES);
            socket.setSoLinger(true, 0);
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            write(RawHttp.bytes(UPGRADE));
            StringBuilder head = new StringBuilder();
            while (!head.toString().endsWith("\r\n\r\n")) {
                head.append((char) socket.getInputStream().read());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends a text message of fewer than 126 bytes, masked with zeros. */
    void send(String text) {
        byte[] bytes = new byte[6 + text.length()];
        bytes[0] = (byte) 0x81;
        bytes[1] = (byte) (0x80 | text.length());
        System.arraycopy(RawHttp.bytes(text), 0, bytes, 6, text.length());
        try {
            write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void write(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        socket.getOutputStream().flush();
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
