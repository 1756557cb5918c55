package dev.weir.engine.torch;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import dev.weir.engine.ModelException;
import dev.weir.engine.SystemReason;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.backend.Kept;
import dev.weir.engine.graph.Parameter;
import dev.weir.engine.graph.Script;
import dev.weir.engine.torchscript.Binding;
import dev.weir.engine.torchscript.Numerics;
import dev.weir.engine.torchscript.Placement;
import dev.weir.engine.torchscript.TorchScript;
import dev.weir.engine.weights.Weights;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A network loaded into libtorch with its weights bound. One device thread owns it: inputs go through staging memory that
 * the next forward overwrites. Of a forward, only inputs stay that the next one may have too.
 */
final class TorchNetwork implements Executable {

    private final PtNDManager manager;
    private final PtSymbolBlock module;
    private final Script script;
    private final Inputs inputs;
    private final Map<String, NDArray> kept = new HashMap<>();

    private TorchNetwork(PtNDManager manager, PtSymbolBlock module, Script script) {
        this.manager = manager;
        this.inputs = new Inputs(manager);
        this.module = module;
        this.script = script;
    }

    /** Loads a network that was held to its checkpoint. */
    static TorchNetwork load(Script script, Numerics numerics) {
        return load(script, numerics, Optional.empty());
    }

    /** Loads a network that takes the weights from one that uses them in the same way. Only other weights are bound from files. */
    static TorchNetwork loadBeside(TorchNetwork first, Script script, Numerics numerics) {
        return load(script, numerics, Optional.of(first));
    }

    private static TorchNetwork load(Script script, Numerics numerics, Optional<TorchNetwork> first) {
        var shared = first.map(network -> network.script.parameters()).orElse(List.of());
        var given = Set.copyOf(shared);
        var own = script.parameters().stream()
                .filter(parameter -> !given.contains(parameter))
                .toList();
        var manager = (PtNDManager) Torch.engine().newBaseManager(Device.fromName(djlName(numerics)));
        script.weights().requireUnchanged();
        try (var placement = Placement.of(script.weights(), names(own))) {
            var bindings = Binding.all(own, placement);
            var archive = new ByteArrayInputStream(TorchScript.archive(script, numerics, bindings, shared));
            interpretOnThisThread();
            var network = new TorchNetwork(manager, JniUtils.loadModule(manager, archive, false, false), script);
            for (var binding : bindings) {
                try (var path = IValue.from(binding.file().toString())) {
                    network.call(binding.method(), path).close();
                }
            }
            if (first.isPresent()) {
                try (var weights = first.get().call(TorchScript.GIVE)) {
                    network.call(TorchScript.TAKE, weights).close();
                }
            }
            if (script.differentiates()) {
                network.ownWeights();
            }
            LibC.trimMemory();
            script.weights().requireUnchanged();
            return network;
        } catch (IOException e) {
            manager.close();
            throw new ModelException("weights cannot be read: " + SystemReason.of(e), e);
        } catch (RuntimeException e) {
            manager.close();
            throw e;
        }
    }

    private static Set<String> names(List<Parameter> parameters) {
        return parameters.stream().map(Parameter::name).collect(Collectors.toSet());
    }

    private void ownWeights() {
        try (var scope = (PtNDManager) manager.newSubManager()) {
            recorded(TorchScript.OWN, List.of(scope.create(0f)), scope);
        }
    }

    /** Loads a module without weights. */
    static TorchNetwork load(byte[] archive) {
        var manager = (PtNDManager) Torch.engine().newBaseManager(Device.cpu());
        try {
            interpretOnThisThread();
            return new TorchNetwork(
                    manager,
                    JniUtils.loadModule(manager, new ByteArrayInputStream(archive), false, false),
                    new Script("", Weights.NONE));
        } catch (IOException | RuntimeException e) {
            manager.close();
            throw new IllegalStateException("libtorch does not load a module", e);
        }
    }

    private static String djlName(Numerics numerics) {
        return numerics.device().replace("cuda:", "gpu");
    }

    @Override
    public <T> T run(String method, List<Feed> feeds, Function<ByteBuffer, T> reader) {
        script.weights().requireNotTruncated();
        interpretOnThisThread();
        try (var scope = (PtNDManager) manager.newSubManager()) {
            List<NDArray> arrays = new ArrayList<>();
            for (int i = 0; i < feeds.size(); i++) {
                arrays.add(inputs.of(i, feeds.get(i), scope));
            }
            keptNames(method).skip(feeds.size()).map(kept::get).forEach(arrays::add);
            if (script.differentiates()) {
                return reader.apply(recorded(method, arrays, scope).order(ByteOrder.nativeOrder()));
            }
            var arguments = new IValue[arrays.size()];
            for (int i = 0; i < arguments.length; i++) {
                arguments[i] = IValue.from((PtNDArray) arrays.get(i));
                scope.attachInternal(arguments[i].getUid(), arguments[i]);
            }
            try (var output = call(method, arguments)) {
                var bytes = output.toTensor(scope).toByteBuffer(true);
                return reader.apply(bytes.order(ByteOrder.nativeOrder()));
            }
        }
    }

    /** Of the method's inputs; a module that was loaded as text has none that are kept. */
    private Stream<String> keptNames(String method) {
        return script.methods().stream()
                .filter(known -> known.name().equals(method))
                .flatMap(known -> known.inputNames().stream());
    }

    @Override
    public void keep(Map<String, Kept> values) {
        values.forEach((name, input) -> {
            var before = kept.put(name, manager.create(input.values(), new Shape(input.shape()), DataType.FLOAT32));
            if (before != null) {
                before.close();
            }
        });
    }

    /** A call outside of libtorch's inference mode, in which nothing can be differentiated. DJL reads the method from an array's name. */
    private ByteBuffer recorded(String method, List<NDArray> inputs, PtNDManager scope) {
        var named = scope.create(0f);
        named.setName("module_method:" + method);
        var all = new NDList(inputs);
        all.add(named);
        boolean before = JniUtils.isGradMode(); // of this thread
        JniUtils.setGradMode(true);
        NDArray output;
        try {
            output = IValueUtils.forward(module, all, true).singletonOrThrow();
        } finally {
            JniUtils.setGradMode(before);
        }
        scope.attachInternal(output.getUid(), output);
        return output.toByteBuffer(true);
    }

    private IValue call(String method, IValue... inputs) {
        return IValueUtils.runMethod(module, method, inputs);
    }

    /**
     * Without the profiling executor, which costs the first two calls of a method some hundred milliseconds each and was
     * no faster afterwards. libtorch keeps this setting by thread.
     */
    private static void interpretOnThisThread() {
        JniUtils.setGraphExecutorOptimize(false);
    }

    /** How often inputs were sent to the device. */
    long sent() {
        return inputs.sent();
    }

    /** How many bytes of weights lie at which address of the processor's memory. */
    Map<Long, Long> memory() {
        var memory = new HashMap<Long, Long>();
        try (var scope = (PtNDManager) manager.newSubManager();
                var weights = call(TorchScript.GIVE)) {
            for (var weight : weights.toTensorArray(scope)) {
                var bytes = weight.toByteBuffer(true);
                memory.put(Pointer.nativeValue(Native.getDirectBufferPointer(bytes)), (long) bytes.remaining());
            }
        }
        return memory;
    }

    /** How many native things it holds on to. */
    int held() {
        return manager.getManagedArrays().size();
    }

    @Override
    public void close() {
        module.close();
        manager.close();
        LibC.trimMemory();
    }
}
