package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.bench.cluster.WeirProcess;
import dev.weir.engine.Natives;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which engine a node computes with, wherever it is told. */
final class EnginesTest {

    @ParameterizedTest
    @CsvSource({"onnx, libonnxruntime.so, libtorch_cpu.so", "torch, libtorch_cpu.so, libonnxruntime.so"})
    @EnabledOnOs(OS.LINUX)
    void aProcessLoadsOnlyTheEngineThatItWasToldAndNamesItEverywhere(String engine, String loaded, String other)
            throws IOException {
        try (WeirProcess process = WeirProcess.start(List.of("up", "--port", "0", "--engine", engine))) {
            Server server = Server.at(process.awaitReady());
            JsonNode answer = server.generate(
                            Map.of("prompt", "a red apple", "num_inference_steps", 2, "response_format", "b64_json"))
                    .join()
                    .body();
            byte[] picture = Base64.getDecoder()
                    .decode(answer.path("data").path(0).path("b64_json").asText());

            String maps = Files.readString(Path.of("/proc/" + process.pid() + "/maps"));
            assertThat(maps).contains(loaded).doesNotContain(other);

            JsonNode stages = server.get("/v1/cluster").path("stages");
            assertThat(stages.findValuesAsText("engine")).isNotEmpty().containsOnly(engine);
            assertThat(stages.findValuesAsText("engine_reason")).containsOnly("asked for");
            String instructions = stages.findValue("instruction_set").asText();
            assertThat(instructions).isNotEmpty();
            assertThat(server.text("/metrics"))
                    .contains("weir_stage_engine{device=\"cpu\",engine=\"%s\",instructions=\"%s\""
                            .formatted(engine, instructions));
            assertThat(PngText.of(picture).get("parameters")).contains("Engine: " + engine + " " + instructions);
        }
    }

    /** A folder of native libraries with none of libtorch's, as a build without it makes it. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void withoutLibtorchPicturesAreMadeOnOnnxRuntime(@TempDir Path natives) throws IOException {
        Natives.main(new String[] {natives.toString()});
        try (var libraries = Files.list(natives.resolve("libtorch"))) {
            for (Path library : libraries.toList()) {
                Files.delete(library);
            }
        }
        Files.delete(natives.resolve("libtorch"));
        var jvm = new WeirProcess.Jvm(List.of(), List.of("-Xmx512m", "-Dweir.natives=" + natives), "dev.weir.cli.Main");
        try (WeirProcess process = WeirProcess.start(jvm, List.of("up", "--port", "0"))) {
            Server server = Server.at(process.awaitReady());
            assertThat(server.generate(Map.of("prompt", "a red apple", "num_inference_steps", 2))
                            .join()
                            .status())
                    .isEqualTo(200);
            JsonNode stages = server.get("/v1/cluster").path("stages");
            assertThat(stages.findValuesAsText("engine")).isNotEmpty().containsOnly("onnx");
            assertThat(stages.findValuesAsText("engine_reason")).containsOnly("this installation has no libtorch");
        }
    }

    @Test
    void whatAnEngineCannotDoIsAUsageError() {
        var outcome = WeirProcess.run(
                Path.of("."), Map.of(), List.of("up", "--port", "0", "--engine", "onnx", "--device", "cuda"));
        assertThat(outcome.exitCode()).isEqualTo(2);
        assertThat(outcome.err()).contains("there is no device cuda:0 for the onnx engine");
        outcome = WeirProcess.run(Path.of("."), Map.of(), List.of("up", "--port", "0", "--engine", "tpu"));
        assertThat(outcome.exitCode()).isEqualTo(2);
        assertThat(outcome.err()).contains("engine: \"tpu\" is none of auto, torch, onnx");
    }

    @Test
    void inspectNamesTheEngine() {
        var outcome = WeirProcess.run(Path.of("."), Map.of(), List.of("models", "inspect", "../models/default"));
        assertThat(outcome.out()).containsPattern("engine: (onnx|torch), \\w+ \\(.+\\)");
    }
}
