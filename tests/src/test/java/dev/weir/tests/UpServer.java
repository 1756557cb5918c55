package dev.weir.tests;

import dev.weir.bench.cluster.WeirProcess;
import java.util.List;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.StoreScope;

/** {@code weir up}, started for the first test class that needs it in this JVM and ended after the last. */
public final class UpServer implements BeforeAllCallback {

    private Server server;

    /** Stored by JUnit, which closes it at the end. */
    private record Running(WeirProcess process, Server server) implements AutoCloseable {

        static Running start() {
            WeirProcess process = WeirProcess.start(List.of("up", "--port", "0"));
            return new Running(process, Server.at(process.awaitReady()));
        }

        @Override
        public void close() {
            process.close();
        }
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        // Surefire runs each class by itself where it has several JVMs, but all of a JVM in one session.
        server = context.getStore(StoreScope.LAUNCHER_SESSION, Namespace.GLOBAL)
                .getOrComputeIfAbsent(Running.class, type -> Running.start(), Running.class)
                .server();
    }

    public Server server() {
        return server;
    }
}
