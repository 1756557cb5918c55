package dev.weir.gateway;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/** Requests as they go over the wire, for what HTTP clients do not let pass. One connection each. */
final class RawHttp {

    private static final int PATIENCE_MS = 10_000;

    /**
     * @param status 0 where the connection was closed without an answer
     * @param headers by name, whatever its case; of a repeated one the last
     */
    record Reply(int status, Map<String, String> headers, String body) {

        String header(String name) {
            return headers.get(name);
        }

        private boolean isComplete() {
            return body.length() >= Integer.parseInt(headers.getOrDefault("Content-Length", "0"));
        }
    }

    private RawHttp() {}

    /** A request without a body, over a connection that ends with its answer. */
    static Reply request(int port, String method, String target, String... headers) {
        StringBuilder head = new StringBuilder(method + " " + target + " HTTP/1.1\r\n");
        for (String header : headers) {
            head.append(header).append("\r\n");
        }
        return exchange(port, bytes(head + "Connection: close\r\n\r\n"));
    }

    /** Sends the bytes as they are, and reads until the gateway closes the connection. */
    static Reply exchange(int port, byte[] request) {
        return exchange(port, request, false, text -> false);
    }

    /** The same from a client that says that nothing more will come. */
    static Reply halfClosed(int port, byte[] request) {
        return exchange(port, request, true, text -> false);
    }

    /** The head of an answer whose connection may stay open: an upgrade, or a refusal with its body. */
    static Reply upgrade(int port, byte[] request) {
        return exchange(
                port, request, text -> text.contains("\r\n\r\n") && parse(text).isComplete());
    }

    /** As much of an answer as is enough. */
    static Reply exchange(int port, byte[] request, Predicate<String> isEnough) {
        return exchange(port, request, false, isEnough);
    }

    private static Reply exchange(int port, byte[] request, boolean halfClosed, Predicate<String> isEnough) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(PATIENCE_MS);
            try {
                socket.getOutputStream().write(request);
                if (halfClosed) {
                    socket.shutdownOutput();
                }
            } catch (IOException e) {
                // It was refused before its end; what was answered can still be read.
            }
            return parse(read(socket.getInputStream(), isEnough));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(InputStream in, Predicate<String> isEnough) throws IOException {
        StringBuilder text = new StringBuilder();
        byte[] buffer = new byte[8192];
        try {
            int read = in.read(buffer);
            while (read >= 0) {
                text.append(new String(buffer, 0, read, StandardCharsets.ISO_8859_1));
                read = isEnough.test(text.toString()) ? -1 : in.read(buffer);
            }
        } catch (SocketException reset) {
            // An answer that overtook the rest of its request.
        }
        return text.toString();
    }

    private static Reply parse(String text) {
        String[] parts = text.split("\r\n\r\n", 2);
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        String[] lines = parts[0].split("\r\n");
        for (int i = 1; i < lines.length; i++) {
            String[] header = lines[i].split(": ?", 2);
            headers.put(header[0], header[1]);
        }
        int status = lines[0].startsWith("HTTP/") ? Integer.parseInt(lines[0].split(" ")[1]) : 0;
        String rest = parts.length > 1 ? parts[1] : "";
        int length = Integer.parseInt(headers.getOrDefault("Content-Length", String.valueOf(rest.length())));
        return new Reply(status, headers, rest.substring(0, Math.min(length, rest.length())));
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
