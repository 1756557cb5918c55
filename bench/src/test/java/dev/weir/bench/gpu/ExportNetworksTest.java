package dev.weir.bench.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.bench.cluster.WeirProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What tools/gpu/export writes, and a dry run of tools/gpu/measure.py on a processor, with tiny networks. */
class ExportNetworksTest {

    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Path TINY = Path.of("src/test/resources/gpu/tiny.json");
    private static final ObjectMapper JSON = new ObjectMapper();
    /** A Python interpreter with PyTorch 2.7. */
    private static final String PYTHON = System.getenv().getOrDefault("WEIR_TORCH_PYTHON", "python3");

    @TempDir
    Path folder;

    @Test
    void eachPrecisionHasAnArchiveThatComputesInAPrecisionThatTheNetworkBears() throws IOException {
        ExportNetworks.export(TINY, folder, "cuda:0");
        JsonNode manifest = JSON.readTree(folder.resolve("manifest.json").toFile());
        assertThat(manifest.path("networks")).hasSize(7).allSatisfy(network -> {
            assertThat(network.path("archives")).hasSize(4).allSatisfy(archive -> assertThat(
                            folder.resolve(archive.path("file").asText()))
                    .isNotEmptyFile());
            assertThat(folder.resolve(network.path("head").asText())).isNotEmptyFile();
        });
        assertThat(computes(manifest, "unet")).containsExactly("fp32", "fp32", "bf16", "fp16");
        assertThat(computes(manifest, "vae-decode")).containsExactly("fp32", "fp32", "bf16", "fp32");
        assertThat(computes(manifest, "flux")).containsExactly("fp32", "fp32", "bf16", "bf16");
        assertThat(computes(manifest, "t5")).containsExactly("fp32", "fp32", "bf16", "fp32");
        try (var files = Files.list(folder)) {
            assertThat(files.filter(file -> file.toString().endsWith(".empty"))).isEmpty();
        }
    }

    /** The networks of the list are there, and its shapes are of their inputs; only PyTorch runs them. */
    @Test
    void theListOfTheToolIsOfNetworksThatWeirKnows() throws IOException {
        ExportNetworks.export(ROOT.resolve("tools/gpu/networks.json"), folder, "cuda:0");
        JsonNode networks =
                JSON.readTree(folder.resolve("manifest.json").toFile()).path("networks");
        assertThat(networks).hasSizeGreaterThan(10);
    }

    @Test
    void anInputWithoutAShapeIsNamed() throws IOException {
        JsonNode list = JSON.readTree(TINY.toFile());
        Path wrong = Files.writeString(
                folder.resolve("wrong.json"),
                list.toString().replace("\"timestep\"", "\"time\"").replace("../../../../..", ROOT.toString()));
        assertThatThrownBy(() -> ExportNetworks.export(wrong, folder, "cpu"))
                .hasMessageStartingWith("unet: no shape of timestep; its inputs are [sample, timestep,");
    }

    @Test
    void aDryRunOnAProcessorGivesEachFigure() throws IOException {
        assumeTrue(
                WeirProcess.runCommand(ROOT, Map.of(), List.of(PYTHON, "-c", "import torch"))
                                .exitCode()
                        == 0,
                "skipped: " + PYTHON + " has no PyTorch; WEIR_TORCH_PYTHON names another interpreter");
        ExportNetworks.export(TINY, folder, "cpu");
        var outcome = WeirProcess.runCommand(
                ROOT,
                Map.of("OMP_NUM_THREADS", "1"),
                List.of(PYTHON, "tools/gpu/measure.py", folder.toString(), "--rounds", "1"));
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        JsonNode figures = JSON.readTree(outcome.out());
        assertThat(figures.path("skipped")).isEmpty();
        assertThat(figures.path("large_scores").path("finite").asBoolean()).isTrue();
        assertThat(figures.path("networks")).hasSize(7).allSatisfy(network -> assertThat(network.path("runs"))
                .hasSize(3)
                .allSatisfy(run -> {
                    double bound = Map.of("fp32", 1e-6, "fp16", 0.01, "bf16", 0.08)
                            .get(run.path("computes").asText());
                    assertThat(run.path("parity").path("finite").asBoolean())
                            .as("%s", network)
                            .isTrue();
                    assertThat(run.path("parity").path("relative_l2").asDouble(1))
                            .as("%s", network)
                            .isLessThan(bound);
                    assertThat(run.path("batches")).isNotEmpty().allSatisfy(batch -> assertThat(
                                    batch.path("seconds").asDouble())
                            .isPositive());
                }));
    }

    private static List<String> computes(JsonNode manifest, String name) {
        return StreamSupport.stream(manifest.path("networks").spliterator(), false)
                .filter(network -> network.path("name").asText().equals(name))
                .flatMap(
                        network -> StreamSupport.stream(network.path("archives").spliterator(), false))
                .map(archive -> archive.path("computes").asText())
                .toList();
    }
}
