package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.bench.cluster.WeirProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Python libraries that others wrote for OpenAI, Automatic1111, ComfyUI, Hugging Face and Replicate, as {@code .ci/run} installs them. */
final class PythonClientsTest {

    private static final Path LIBRARIES = Repository.ROOT.resolve("target/clients");

    @RegisterExtension
    static final UpServer UP = new UpServer();

    @Test
    void theirOrdinaryCallsSucceedUnchanged() {
        assumeTrue(
                Files.exists(LIBRARIES.resolve("replicate")),
                "skipped: the Python libraries of the clients are not in target/clients, where .ci/run puts them");
        Path script = Repository.ROOT.resolve("tests/src/test/resources/clients.py");

        var outcome = WeirProcess.runCommand(
                Repository.ROOT,
                Map.of("PYTHONPATH", LIBRARIES.toString()),
                List.of("python3", script.toString(), UP.server().url().toString()));

        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    }
}
