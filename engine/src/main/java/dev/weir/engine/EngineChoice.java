package dev.weir.engine;

import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.torch.Devices;
import dev.weir.engine.torch.Processor;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Chooses the engine that a process computes with, and says why. On a processor it measures both engines on the model's own
 * denoiser, once a machine, and remembers the result. Starts libtorch only where libtorch may be the choice. Any thread.
 *
 * @param engine what was asked for; empty: the faster one
 * @param device what was asked for
 * @param precision what was asked for
 */
public record EngineChoice(Optional<Engine> engine, Optional<String> device, Optional<Precision> precision) {

    /** Everything is chosen by what this machine does best. */
    public static final EngineChoice AUTO = new EngineChoice(Optional.empty(), Optional.empty(), Optional.empty());

    /** A denoiser of more is not loaded twice only to be measured. */
    private static final long MOST_BYTES_MEASURED = 512L << 20;

    private static final ComputeTarget ONNX = new ComputeTarget("cpu", Precision.FP32, Engine.ONNX);

    /**
     * The target, for processes that serve these models.
     *
     * @throws IllegalArgumentException where the engine that was asked for does not run what else was
     */
    public ComputeTarget target(List<ModelFolder> models) {
        return target(models, EngineMemory.ofThisInstallation(), EngineTrial::compare);
    }

    /** The target as far as it is known without a measurement. */
    public ComputeTarget known(List<ModelFolder> models) {
        return known(models, EngineMemory.ofThisInstallation());
    }

    ComputeTarget known(List<ModelFolder> models, Optional<EngineMemory> memory) {
        var unknown = new EngineTrial.Result(
                Engine.ONNX, "not measured yet: the first start on this machine measures both engines");
        return target(models, memory.map(EngineMemory::readOnly), model -> unknown);
    }

    ComputeTarget target(
            List<ModelFolder> models, Optional<EngineMemory> memory, Function<ModelFolder, EngineTrial.Result> trial) {
        if (engine.isPresent()) {
            return engine.get() == Engine.TORCH ? torch("asked for") : onnxAsAsked();
        }
        if (device.filter(name -> name.startsWith("cuda")).isPresent()) {
            return torch("asked for CUDA, which libtorch computes on");
        }
        if (precision.filter(name -> name != Precision.FP32).isPresent()) {
            return torch("asked for a precision that only libtorch computes in");
        }
        if (device.isEmpty() && hasCudaBuild()) {
            var best = torch("this libtorch is a build for CUDA");
            if (best.isCuda()) {
                return best;
            }
        }
        if (precision.isEmpty() && Processor.hasMatrixUnits()) {
            return torch("this processor has matrix units for bf16, which libtorch computes with");
        }
        if (models.isEmpty()) {
            return onnx("no model to measure");
        }
        return measured(models.get(0), memory, trial);
    }

    private ComputeTarget measured(
            ModelFolder model, Optional<EngineMemory> memory, Function<ModelFolder, EngineTrial.Result> trial) {
        EngineTrial.Result result;
        try {
            if (model.denoiserBytes() > MOST_BYTES_MEASURED) {
                return onnx("not measured: the denoiser is too large to load it twice");
            }
            if (memory.isEmpty()) {
                return onnx("not measured: Weir was not started by its launcher, so nothing would remember the result");
            }
            result = memory.get().find(model).orElseGet(() -> memory.get().keep(model, trial.apply(model)));
        } catch (ModelException e) {
            // Not this class's to report: another stage's node may not have the denoiser's weights, and the denoiser's
            // stage
            // takes a model that does not load out of the routing while it serves the others.
            return onnx("not measured: the denoiser of %s does not load"
                    .formatted(model.card().id()));
        }
        return result.engine() == Engine.TORCH ? torch(result.reason()) : onnx(result.reason());
    }

    private ComputeTarget torch(String reason) {
        return Devices.best(device, precision).because(reason);
    }

    private static ComputeTarget onnx(String reason) {
        return ONNX.because(reason);
    }

    private ComputeTarget onnxAsAsked() {
        if (device.filter(name -> !name.equals("cpu")).isPresent()) {
            throw new IllegalArgumentException(
                    "--device: the onnx engine computes on the CPU, not on %s; use --engine torch"
                            .formatted(device.get()));
        }
        if (precision.filter(name -> name != Precision.FP32).isPresent()) {
            throw new IllegalArgumentException("--precision: the onnx engine computes in fp32; use --engine torch");
        }
        return onnx("asked for");
    }

    private static boolean hasCudaBuild() {
        var flavor = System.getProperty("PYTORCH_FLAVOR", System.getenv("PYTORCH_FLAVOR"));
        return flavor != null && flavor.startsWith("cu");
    }
}
