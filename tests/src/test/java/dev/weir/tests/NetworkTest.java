package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.bench.cluster.Network;
import dev.weir.bench.cluster.WeirProcess;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The leftovers of a network whose process did not close it. */
final class NetworkTest {

    @BeforeAll
    static void needsNamespaces() {
        Network.problem().ifPresent(problem -> assumeTrue(false, "skipped: " + problem));
    }

    /** Has a network until it is ended. */
    static final class Holder {

        private Holder() {}

        public static void main(String[] arguments) throws InterruptedException {
            System.out.println("ready " + Network.open().host().name());
            new CountDownLatch(1).await();
        }
    }

    @Test
    void nothingIsLeftByAProcessThatIsToldToEnd() {
        try (WeirProcess holder = WeirProcess.start(WeirProcess.Jvm.WEIR.running(Holder.class), List.of())) {
            String host = holder.awaitReady();
            assertThat(links()).contains(prefix(host));
            holder.terminate();
            holder.awaitExit();
            Awaitility.await().until(() -> !hosts().contains(host) && !links().contains(prefix(host)));
        }
    }

    @Test
    void nothingIsLeftByAProcessThatIsKilled() {
        try (WeirProcess holder = WeirProcess.start(WeirProcess.Jvm.WEIR.running(Holder.class), List.of())) {
            String host = holder.awaitReady();
            holder.kill();
            holder.awaitExit();
            Awaitility.await().until(() -> !hosts().contains(host) && !links().contains(prefix(host)));
        }
    }

    @Test
    void whatAKilledGuardianLeftIsRemovedByTheNextProcess() {
        String host;
        try (WeirProcess holder = WeirProcess.start(WeirProcess.Jvm.WEIR.running(Holder.class), List.of())) {
            host = holder.awaitReady();
            ProcessHandle.of(holder.pid()).orElseThrow().children().forEach(ProcessHandle::destroyForcibly);
            holder.kill();
            holder.awaitExit();
        }
        assertThat(hosts()).contains(host);
        Network.open().close();
        Awaitility.await().until(() -> !hosts().contains(host) && !links().contains(prefix(host)));
    }

    private static String prefix(String host) {
        return host.substring(0, host.lastIndexOf('n'));
    }

    private static String hosts() {
        return said("ip", "netns", "list");
    }

    private static String links() {
        return said("ip", "-brief", "link");
    }

    private static String said(String... command) {
        return WeirProcess.runCommand(Path.of("/"), Map.of(), List.of(command)).out();
    }
}
