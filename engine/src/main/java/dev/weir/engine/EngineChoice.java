package dev.weir.engine;

import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.onnx.CudaProvider;
import dev.weir.engine.onnx.OnnxBackend;
import dev.weir.engine.torch.Devices;
import dev.weir.engine.torch.Processor;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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

    private static final Logger LOG = LoggerFactory.getLogger(EngineChoice.class);

    /** A denoiser of more is not loaded twice only to be measured. */
    private static final long MOST_BYTES_MEASURED = 512L << 20;

    private static final ComputeTarget ONNX = new ComputeTarget("cpu", Precision.FP32, Engine.ONNX);

    /**
     * The target of a process that runs these models' denoisers.
     *
     * @throws IllegalArgumentException where the engine that was asked for does not run what else was
     */
    public ComputeTarget target(List<ModelFolder> models) {
        return target(
                models, EngineMemory.ofThisInstallation(), Optional.of(EngineTrial::compare), Natives.haveLibtorch());
    }

    /**
     * Loads ONNX Runtime's libraries on another thread if it may be the choice: that takes as long as reading a model's configuration,
     * and processes have two cores or more. Whoever loads a network is told if it fails.
     */
    public void prepare() {
        boolean mayBeOnnx = engine.map(asked -> asked == Engine.ONNX)
                .orElseGet(() -> !isOnlyForTorch() && !Natives.haveCudaLibtorch() && !Processor.hasMatrixUnits());
        if (mayBeOnnx) {
            var thread = new Thread(
                    () -> {
                        try {
                            OnnxBackend.start();
                        } catch (IllegalStateException e) {
                            LOG.debug("ONNX Runtime does not start", e);
                        }
                    },
                    "weir-prepare");
            thread.setDaemon(true);
            thread.start();
        }
    }

    /** The target without a measurement: what an earlier one found, or else a rule. */
    public ComputeTarget known(List<ModelFolder> models) {
        return target(models, EngineMemory.ofThisInstallation(), Optional.empty(), Natives.haveLibtorch());
    }

    /** @param trial empty: nothing may be measured */
    ComputeTarget target(
            List<ModelFolder> models,
            Optional<EngineMemory> memory,
            Optional<Function<ModelFolder, EngineTrial.Result>> trial,
            boolean libtorch) {
        if (engine.isEmpty() && isCuda() && !Natives.haveCudaLibtorch() && CudaProvider.isBuiltIn()) {
            return cudaOnnx("asked for CUDA, which of the two only this ONNX Runtime is built for");
        }
        if (!libtorch && isOnlyForTorch()) {
            throw new IllegalArgumentException(
                    "this installation has no libtorch, which CUDA, 16-bit precision and --engine torch need");
        }
        if (engine.isPresent()) {
            return engine.get() == Engine.TORCH ? torch("asked for") : onnxAsAsked();
        }
        if (!libtorch) {
            return onnx("this installation has no libtorch");
        }
        if (isCuda()) {
            return torch("asked for CUDA, which libtorch computes on");
        }
        if (precision.filter(name -> name != Precision.FP32).isPresent()) {
            return torch("asked for a precision that only libtorch computes in");
        }
        Optional<String> only = models.stream()
                .flatMap(model -> model.pipeline().type().onlyOnLibtorch().stream())
                .findFirst();
        if (only.isPresent()) {
            return torch(only.get());
        }
        if (device.isEmpty() && Natives.haveCudaLibtorch()) {
            var problem = Devices.loadProblem();
            if (problem.isPresent()) {
                return onnx("this libtorch for CUDA does not load: " + problem.get());
            }
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

    private boolean isOnlyForTorch() {
        return engine.isEmpty()
                ? isCuda() || precision.filter(name -> name != Precision.FP32).isPresent()
                : engine.get() == Engine.TORCH;
    }

    private ComputeTarget measured(
            ModelFolder model,
            Optional<EngineMemory> memory,
            Optional<Function<ModelFolder, EngineTrial.Result>> trial) {
        try {
            if (model.denoiserBytes() > MOST_BYTES_MEASURED) {
                return onnx("not measured: the denoiser is too large to load it twice");
            }
            if (memory.isEmpty()) {
                return onnx("not measured: Weir was not started by its launcher, so nothing would remember the result");
            }
            var before = memory.get().find(model);
            if (before.isPresent()) {
                return as(before.get());
            }
            if (trial.isEmpty()) {
                return onnx("not measured yet: the first start of a denoiser on this machine measures both engines");
            }
            if (!memory.get().isWritable()) {
                return onnx("not measured: the installation is read-only, so nothing would remember the result");
            }
            return as(memory.get().keep(model, trial.get().apply(model)));
        } catch (ModelException e) {
            // Not this class's to report: the denoiser's stage takes a model that does not load out of the routing
            // while it
            // serves the others.
            return onnx("not measured: the denoiser of %s does not load"
                    .formatted(model.card().id()));
        }
    }

    private ComputeTarget as(EngineTrial.Result result) {
        return result.engine() == Engine.TORCH ? torch(result.reason()) : onnx(result.reason());
    }

    private ComputeTarget torch(String reason) {
        return Devices.best(device, precision).because(reason);
    }

    private static ComputeTarget onnx(String reason) {
        return ONNX.because(reason);
    }

    private ComputeTarget onnxAsAsked() {
        requireFp32();
        return isCuda() ? cudaOnnx("asked for") : onnx("asked for");
    }

    private void requireFp32() {
        if (precision.filter(name -> name != Precision.FP32).isPresent()) {
            throw new IllegalArgumentException("--precision: the onnx engine computes in fp32; use --engine torch");
        }
    }

    private boolean isCuda() {
        return device.filter(name -> name.startsWith("cuda")).isPresent();
    }

    /** @throws IllegalArgumentException where ONNX Runtime does not compute there, or not in the precision */
    private ComputeTarget cudaOnnx(String reason) {
        requireFp32();
        var name = device.get().equals("cuda") ? "cuda:0" : device.get();
        var target = new ComputeTarget(name, Precision.FP32, Engine.ONNX);
        CudaProvider.problem(target).ifPresent(why -> {
            throw new IllegalArgumentException("there is no device %s for the onnx engine: %s".formatted(name, why));
        });
        return target.because(reason);
    }
}
