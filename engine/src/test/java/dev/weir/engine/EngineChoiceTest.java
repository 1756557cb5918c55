package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.torch.Processor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EngineChoiceTest {

    private static final List<ModelFolder> MODELS = List.of(ModelFolder.open(Path.of("../models/default")));

    private static final Optional<Function<ModelFolder, EngineTrial.Result>> NONE = Optional.empty();
    private static final Optional<Function<ModelFolder, EngineTrial.Result>> TRIAL = Optional.of(EngineTrial::compare);
    private static final Optional<Function<ModelFolder, EngineTrial.Result>> AGAIN = Optional.of(model -> {
        throw new AssertionError("measured");
    });

    @TempDir
    Path installation;

    private EngineMemory memory() {
        return new EngineMemory(installation.resolve("engines.properties"));
    }

    @Test
    void anEngineThatWasAskedForIsNotMeasured() {
        var onnx = choice(Engine.ONNX, null, null).target(MODELS);
        assertThat(onnx.engine()).isEqualTo(Engine.ONNX);
        assertThat(onnx.reason()).isEqualTo("asked for");
        var torch = choice(Engine.TORCH, "cpu", Precision.FP32).target(MODELS);
        assertThat(torch.engine()).isEqualTo(Engine.TORCH);
        assertThat(torch.reason()).isEqualTo("asked for");
    }

    @Test
    void whatTheOnnxEngineDoesNotRunIsAnErrorAndNeverSilentlyAnotherDevice() {
        assertThatThrownBy(() -> choice(Engine.ONNX, "cuda:0", null).target(MODELS))
                .hasMessage(
                        "there is no device cuda:0 for the onnx engine: this ONNX Runtime is not built for CUDA: build"
                                + " Weir with -Ponnxruntime-gpu");
        assertThatThrownBy(() -> choice(Engine.ONNX, null, Precision.BF16).target(MODELS))
                .hasMessageStartingWith("--precision: the onnx engine computes in fp32");
        assertThatThrownBy(() -> choice(null, "cuda:7", null).target(MODELS)).hasMessageContaining("cuda:7");
    }

    @Test
    void bothEnginesAreMeasuredOnceAndTheResultIsRemembered() throws IOException {
        assumeThat(Processor.hasMatrixUnits()).isFalse();
        var choice = choice(null, "cpu", null);
        var memory = Optional.of(memory());
        assertThat(choice.target(MODELS, memory, NONE, true).reason()).startsWith("not measured yet");
        assertThat(installation).isEmptyDirectory();

        var first = choice.target(MODELS, memory, TRIAL, true);
        assertThat(first.reason()).startsWith("measured on default: a forward of 2 and 8 rows takes ");
        assertThat(choice.target(MODELS, memory, AGAIN, true)).isEqualTo(first);
        assertThat(choice.target(MODELS, memory, NONE, true)).isEqualTo(first);
        try (var files = Files.list(installation)) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void theFasterEngineIsChosen() {
        assumeThat(Processor.hasMatrixUnits()).isFalse();
        var torch = choice(null, "cpu", null)
                .target(
                        MODELS,
                        Optional.of(memory()),
                        Optional.of(model -> new EngineTrial.Result(Engine.TORCH, "faster")),
                        true);
        assertThat(torch).isEqualTo(new ComputeTarget("cpu", Precision.FP32, Engine.TORCH, "faster"));
    }

    @Test
    void aModelWhoseDenoiserDoesNotLoadDoesNotKeepTheProcessFromStarting() throws IOException {
        assumeThat(Processor.hasMatrixUnits()).isFalse();
        Path model = TestModels.copy("sd1", installation);
        Path weights = model.resolve("unet/diffusion_pytorch_model.safetensors");
        Files.delete(weights);
        var withoutWeights = List.of(ModelFolder.open(model));
        var choice = choice(null, "cpu", null);
        assertThat(choice.target(withoutWeights, Optional.of(memory()), NONE, true)
                        .reason())
                .startsWith("not measured: the denoiser of ");
        assertThat(choice.target(withoutWeights, Optional.of(memory()), TRIAL, true)
                        .reason())
                .startsWith("not measured: the denoiser of ");

        Files.copy(model.resolve("vae/diffusion_pytorch_model.safetensors"), weights);
        var target = choice.target(List.of(ModelFolder.open(model)), Optional.of(memory()), TRIAL, true);
        assertThat(target.reason()).startsWith("not measured: the denoiser of ");
    }

    @Test
    void aDamagedMemoryIsMeasuredAnew() throws IOException {
        var memory = memory();
        memory.keep(MODELS.get(0), new EngineTrial.Result(Engine.ONNX, "measured"));
        Files.writeString(memory.file(), Files.readString(memory.file()).replace("onnx measured", "tpu"));
        assertThat(memory.find(MODELS.get(0))).isEmpty();
    }

    @Test
    void aReadOnlyInstallationRemembersNothingNew() {
        var memory = new EngineMemory(installation.resolve("missing").resolve("engines.properties"));
        memory.keep(MODELS.get(0), new EngineTrial.Result(Engine.ONNX, "measured"));
        assertThat(memory.find(MODELS.get(0))).isEmpty();
    }

    @Test
    void whereNothingWouldRememberItNothingIsMeasured() {
        assumeThat(Processor.hasMatrixUnits()).isFalse();
        var missing = new EngineMemory(installation.resolve("missing").resolve("engines.properties"));
        var target = choice(null, "cpu", null).target(MODELS, Optional.of(missing), AGAIN, true);
        assertThat(target.engine()).isEqualTo(Engine.ONNX);
        assertThat(target.reason()).startsWith("not measured: the installation is read-only");
    }

    @Test
    void withoutLibtorchOnnxComputesAndWhatItCannotDoIsAnError() {
        var target = choice(null, null, null).target(MODELS, Optional.of(memory()), AGAIN, false);
        assertThat(target).isEqualTo(new ComputeTarget("cpu", Precision.FP32, Engine.ONNX, target.reason()));
        assertThat(target.reason()).isEqualTo("this installation has no libtorch");
        for (var asked : List.of(
                choice(Engine.TORCH, null, null), choice(null, "cuda:0", null), choice(null, null, Precision.BF16))) {
            assertThatThrownBy(() -> asked.target(MODELS, Optional.of(memory()), AGAIN, false))
                    .hasMessageStartingWith("this installation has no libtorch");
        }
    }

    @Test
    void whatDecidesTheBitsIsNamed() {
        assertThat(new ComputeTarget("cpu", Precision.FP32, Engine.ONNX))
                .hasToString("cpu fp32 onnx " + Processor.instructionSet());
        assertThat(new ComputeTarget("cuda:1", Precision.FP16)).hasToString("cuda:1 fp16 torch cuda");
    }

    private static EngineChoice choice(Engine engine, String device, Precision precision) {
        return new EngineChoice(
                Optional.ofNullable(engine), Optional.ofNullable(device), Optional.ofNullable(precision));
    }
}
