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

/** OpenAI's library for JavaScript, as {@code .ci/run} installs it. */
final class JavaScriptClientTest {

    private static final Path LIBRARY = Repository.ROOT.resolve("target/clients-js/node_modules/openai");

    @RegisterExtension
    static final UpServer UP = new UpServer();

    @Test
    void itsOrdinaryCallsSucceedUnchanged() {
        assumeTrue(
                Files.exists(LIBRARY),
                "skipped: OpenAI's library for JavaScript is not in target/clients-js, where .ci/run puts it");
        Path script = Repository.ROOT.resolve("tests/src/test/resources/clients.mjs");

        var outcome = WeirProcess.runCommand(
                Repository.ROOT,
                Map.of(),
                List.of("node", script.toString(), UP.server().url().toString(), LIBRARY.toString()));

        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    }
}
