package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.bench.cluster.WeirProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The first start on a machine without a network except the loopback, and without caches. */
final class OfflineStartTest {

    /** A separate network namespace with only a loopback interface. */
    private static final List<String> WITHOUT_NETWORK =
            List.of("unshare", "--map-root-user", "--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh");

    @Test
    void aPictureIsMadeWithAnEmptyCacheAndNoNetwork(@TempDir Path folder) throws Exception {
        assumeTrue(canCutTheNetwork(), "skipped: this machine gives no network namespace (unshare and ip are needed)");
        Path picture = folder.resolve("apple.png");
        List<String> arguments =
                List.of("generate", "a red apple", "--seed", "7", "--steps", "2", "--out", picture.toString());
        Map<String, String> environment =
                Map.of("DJL_CACHE_DIR", folder.resolve("cache").toString());
        try (WeirProcess weir =
                WeirProcess.start(WeirProcess.Jvm.WEIR.within(WITHOUT_NETWORK), folder, environment, arguments)) {
            WeirProcess.Outcome outcome = weir.awaitExit();
            assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        }
        assertThat(picture).isNotEmptyFile();
    }

    /** Both engines' libraries would: DJL calls its maker, ONNX Runtime keeps an identifier and what it is about to send in the home folder. */
    @ParameterizedTest
    @ValueSource(strings = {"onnx", "torch"})
    void noLibraryWritesIntoTheHomeFolder(String engine, @TempDir Path folder) throws IOException {
        Path home = Files.createDirectories(folder.resolve("home"));
        Map<String, String> environment = Map.of(
                "HOME",
                home.toString(),
                "DJL_CACHE_DIR",
                folder.resolve("cache").toString());
        List<String> arguments = List.of("generate", "x", "--steps=1", "--out=x.png", "--engine", engine);
        WeirProcess.Outcome outcome = WeirProcess.run(folder, environment, arguments);
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(home).isEmptyDirectory();
    }

    private static boolean canCutTheNetwork() throws InterruptedException {
        try {
            var command = new ArrayList<>(WITHOUT_NETWORK);
            command.add("true");
            return new ProcessBuilder(command).start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }
}
