package dev.weir.runtime;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;

/** Ports that were free a moment ago. */
public final class FreePorts {

    private FreePorts() {}

    public static HostPort onLoopback() throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        try (ServerSocket socket = new ServerSocket(0, 1, loopback)) {
            return new HostPort(loopback.getHostAddress(), socket.getLocalPort());
        }
    }
}
