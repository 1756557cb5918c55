package dev.weir.runtime;

import dev.weir.testing.FreePort;
import java.io.IOException;
import java.net.InetAddress;

/** Addresses at which nothing listens yet. */
public final class FreePorts {

    private FreePorts() {}

    public static HostPort onLoopback() throws IOException {
        return new HostPort(InetAddress.getLoopbackAddress().getHostAddress(), FreePort.next());
    }
}
