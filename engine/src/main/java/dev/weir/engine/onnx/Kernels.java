package dev.weir.engine.onnx;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import com.sun.jna.Memory;
import dev.weir.engine.graph.Parameter;
import dev.weir.engine.onnx.model.ModelProto;
import dev.weir.engine.onnx.model.TensorProto;
import dev.weir.engine.weights.Numbers;
import dev.weir.engine.weights.Weights;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.stream.Collectors;

/**
 * The large kernels of a network's convolutions, in fp32 and in the order that the convolutions read, outside of Java's heap. ONNX
 * Runtime would order them itself, but copies each of them four or five times for that. It reads these where they are, so they must
 * stay as long as the network's sessions, which share them. Confined to one thread.
 */
final class Kernels implements AutoCloseable {

    /**
     * Smaller kernels are left to ONNX Runtime, which also finds out which neighbouring operations can work on blocks. These change an
     * image to blocks and back for each convolution, which costs little beside a large one.
     */
    private static final int LEAST_NUMBERS = 1 << 20;
    /** Of a line of the processor's cache. */
    private static final int ALIGNMENT = 64;

    private final IntSupplier block;
    private final Map<String, OnnxTensor> tensors = new HashMap<>();
    private final List<Memory> memory = new ArrayList<>();

    /** @param block as {@link ChannelBlock} tells; asked only if there is a large kernel */
    Kernels(IntSupplier block) {
        this.block = block;
    }

    /** Whether the kernel is ordered here. */
    boolean take(Parameter kernel) {
        var sides = kernel.shape();
        if (sides.stream().reduce(1, Math::multiplyExact) < LEAST_NUMBERS) {
            return false;
        }
        int size = block.getAsInt();
        return size != ChannelBlock.NONE && sides.get(0) % size == 0 && sides.get(1) % size == 0;
    }

    /** The name of the ordered kernel in the graph. */
    String add(Parameter kernel, Weights weights) {
        var name = "blocked " + kernel.name();
        if (!tensors.containsKey(name)) {
            tensors.put(name, ordered(kernel, weights));
        }
        return name;
    }

    private OnnxTensor ordered(Parameter kernel, Weights weights) {
        var sides = kernel.shape();
        var order = new BlockedOrder(block.getAsInt(), sides.get(0), sides.get(1), sides.get(2) * sides.get(3));
        long bytes = (long) order.outputs() * order.inputs() * order.area() * Float.BYTES;
        var whole = new Memory(bytes + ALIGNMENT);
        memory.add(whole);
        var target = whole.align(ALIGNMENT).getByteBuffer(0, bytes);
        var numbers = target.asFloatBuffer();
        var stored = new float[order.perBlock()];
        var blocked = new float[order.perBlock()];
        for (int first = 0; numbers.hasRemaining(); first += stored.length) {
            Numbers.read(weights, kernel.name(), first, stored);
            order.write(stored, blocked);
            numbers.put(blocked);
        }
        long[] shape = sides.stream().mapToLong(side -> side).toArray();
        try {
            return OnnxTensor.createTensor(Ort.environment(), target, shape, OnnxJavaType.FLOAT);
        } catch (OrtException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    /** Those that a method's graph names, by their names. */
    Map<String, OnnxTensor> in(ModelProto model) {
        return model.getGraph().getInitializerList().stream()
                .map(TensorProto::getName)
                .filter(tensors::containsKey)
                .collect(Collectors.toMap(Function.identity(), tensors::get));
    }

    /** What it takes of memory. */
    long bytes() {
        return memory.stream().mapToLong(Memory::size).sum();
    }

    /** After the sessions. */
    @Override
    public void close() {
        tensors.values().forEach(OnnxTensor::close);
        memory.forEach(Memory::close);
    }
}
