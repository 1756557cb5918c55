package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.bench.cluster.WeirProcess;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** The processes that a JVM has started end with it, also if it is killed. */
final class GuardianTest {

    /** Has another process until it is killed. */
    static final class Starter {

        private Starter() {}

        public static void main(String[] arguments) throws InterruptedException {
            WeirProcess ended = WeirProcess.startCommand(Path.of("/"), Map.of(), List.of("true"));
            ended.awaitExit();
            WeirProcess sleeper = WeirProcess.startCommand(Path.of("/"), Map.of(), List.of("sleep", "600"));
            System.out.println("ready " + sleeper.pid());
            new CountDownLatch(1).await();
        }
    }

    @Test
    void aKilledProcessTakesItsProcessesWithIt() {
        try (WeirProcess starter = WeirProcess.start(WeirProcess.Jvm.WEIR.running(Starter.class), List.of())) {
            ProcessHandle sleeper =
                    ProcessHandle.of(Long.parseLong(starter.awaitReady())).orElseThrow();
            assertThat(sleeper.isAlive()).isTrue();

            starter.kill();
            starter.awaitExit();

            Awaitility.await().until(() -> !sleeper.isAlive());
        }
    }
}
