package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.bench.cluster.WeirProcess;
import dev.weir.bench.cluster.WeirProcess.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a process does not start with, and the one line that says so. */
final class RefusedStartTest {

    @TempDir
    Path folder;

    @Test
    void aPrecisionThatTheProcessorDoesNotHaveIsRefusedInOneLine() {
        for (String precision : List.of("bf16", "fp16")) {
            Outcome outcome = WeirProcess.run(
                    folder,
                    Map.of("ONEDNN_MAX_CPU_ISA", "AVX2"),
                    List.of("up", "--port", "0", "--precision", precision));
            assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(2);
            assertThat(outcome.err())
                    .startsWith("weir: oneDNN cannot compute in " + precision + " on this CPU (")
                    .contains("ONEDNN_MAX_CPU_ISA=AVX2", "AVX", "use fp32 or auto")
                    .hasLineCount(1);
        }
    }

    @Test
    void aModelWithADamagedWeightIsRefusedInOneLineAndMakesNoPicture() throws IOException {
        Path model = PoisonedModel.write(folder.resolve("damaged"), "vae", "decoder.conv_in.weight", 0);
        for (String command : List.of("generate", "up")) {
            List<String> arguments = command.equals("up")
                    ? List.of("up", "--port", "0", "--model", model.toString())
                    : List.of("generate", "x", "--out", "x.png", "--model", model.toString());
            Outcome outcome = WeirProcess.run(folder, Map.of(), arguments);
            assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(1);
            assertThat(outcome.err())
                    .contains("weir: the decoder can serve no model: damaged: its output is not finite")
                    .doesNotContain("\tat ");
        }
        assertThat(folder.resolve("x.png")).doesNotExist();
    }

    @Test
    void twoModelsOfOneNameAreRefusedInOneLine() throws IOException {
        Path link = Files.createDirectories(folder.resolve("other")).resolve("default");
        Files.createSymbolicLink(link, Repository.DEFAULT_MODEL);
        for (List<String> command :
                List.of(List.of("up", "--port", "0"), List.of("node", "denoiser", "--join", "127.0.0.1:9"))) {
            List<String> arguments = new ArrayList<>(command);
            arguments.addAll(List.of("--model", Repository.DEFAULT_MODEL + "," + link));
            Outcome outcome = WeirProcess.run(folder, Map.of(), arguments);
            assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(2);
            assertThat(outcome.err())
                    .startsWith("weir: --model: " + Repository.DEFAULT_MODEL + " and " + link)
                    .contains("both called \"default\"")
                    .hasLineCount(1);
        }
    }
}
