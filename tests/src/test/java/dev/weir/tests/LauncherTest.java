package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.bench.cluster.WeirProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script that people type. */
final class LauncherTest {

    private static final Path SCRIPT = Repository.ROOT.resolve("weir");
    private static final List<String> TOOLS = List.of("dirname", "readlink", "sed", "head", "find", "env", "mkdir");

    @TempDir
    Path folder;

    @Test
    void runsFromAnywhereThroughALink() throws IOException {
        assumeTrue(
                Files.exists(Repository.ROOT.resolve("cli/target/app/built")),
                "the launcher is not tested: mvn verify lays the application out, mvn test does not");
        Path link = Files.createSymbolicLink(folder.resolve("w"), SCRIPT);
        var outcome = WeirProcess.runCommand(folder, Map.of(), List.of(link.toString(), "models"));
        Files.delete(link);
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(outcome.out()).contains("default");
    }

    @Test
    void saysWhatIsMissing() throws IOException {
        for (String tool : TOOLS) {
            Path found = List.of(Path.of("/bin", tool), Path.of("/usr/bin", tool)).stream()
                    .filter(Files::exists)
                    .findFirst()
                    .orElseThrow();
            Path standIn = Files.writeString(folder.resolve(tool), "#!/bin/sh\nexec %s \"$@\"\n".formatted(found));
            assertThat(standIn.toFile().setExecutable(true)).isTrue();
        }
        var environment = Map.of("PATH", folder.toString(), "JAVA_HOME", "");
        var outcome = WeirProcess.runCommand(folder, environment, List.of("/bin/sh", SCRIPT.toString(), "models"));
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.err())
                .startsWith("weir: no java found: install a JDK 17 or newer")
                .hasLineCount(1);
    }
}
