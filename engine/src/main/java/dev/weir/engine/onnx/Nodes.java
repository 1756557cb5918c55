package dev.weir.engine.onnx;

import com.google.protobuf.ByteString;
import dev.weir.engine.graph.Parameter;
import dev.weir.engine.onnx.model.AttributeProto;
import dev.weir.engine.onnx.model.GraphProto;
import dev.weir.engine.onnx.model.NodeProto;
import dev.weir.engine.onnx.model.TensorProto;
import dev.weir.engine.weights.Weights;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The nodes and constants of an ONNX graph under construction. Confined to one thread; knows no network. */
final class Nodes {

    /** The operators that ONNX Runtime has beside the standard's. */
    static final String CONTRIB = "com.microsoft";
    /** Its operators on images whose channels lie in blocks. */
    static final String BLOCKED = "com.microsoft.nchwc";

    private final GraphProto.Builder graph;
    private final Weights weights;
    /** Names of constants by their content, and of weights by what was taken of them. */
    private final Map<String, String> known = new HashMap<>();

    Nodes(GraphProto.Builder graph, Weights weights) {
        this.graph = graph;
        this.weights = weights;
    }

    /** Appends a node of the standard with one output, and gives the output's name. */
    String node(String op, List<String> inputs, Map<String, Object> attributes) {
        return append("", op, inputs, attributes, 1).get(0);
    }

    String node(String op, String... inputs) {
        return node(op, List.of(inputs), Map.of());
    }

    String contrib(String op, List<String> inputs, Map<String, Object> attributes) {
        return append(CONTRIB, op, inputs, attributes, 1).get(0);
    }

    /** A convolution with a kernel in the order of {@link BlockedOrder}, of an image and to an image in the standard's layout. */
    String convolution(String image, String kernel, List<String> bias, int outputs, Map<String, Object> attributes) {
        var inputs = new ArrayList<>(List.of(blocked("ReorderInput", List.of(image), Map.of()), kernel));
        inputs.addAll(bias);
        var result = blocked("Conv", inputs, attributes);
        return blocked("ReorderOutput", List.of(result), Map.of("channels", outputs));
    }

    private String blocked(String op, List<String> inputs, Map<String, Object> attributes) {
        return append(BLOCKED, op, inputs, attributes, 1).get(0);
    }

    /** @param outputs how many results the node has */
    List<String> append(String domain, String op, List<String> inputs, Map<String, Object> attributes, int outputs) {
        var name = op.toLowerCase(Locale.ROOT) + "_" + graph.getNodeCount();
        var node = NodeProto.newBuilder()
                .setName(name)
                .setDomain(domain)
                .setOpType(op)
                .addAllInput(inputs);
        attributes.forEach((key, value) -> node.addAttribute(attribute(key, value)));
        for (int i = 0; i < outputs; i++) {
            node.addOutput(i == 0 ? name : name + "_" + i);
        }
        graph.addNode(node);
        return List.copyOf(node.getOutputList());
    }

    private static AttributeProto attribute(String name, Object value) {
        var attribute = AttributeProto.newBuilder().setName(name);
        if (value instanceof Integer integer) {
            attribute.setType(AttributeProto.Type.INT).setI(integer);
        } else if (value instanceof Double number) {
            attribute.setType(AttributeProto.Type.FLOAT).setF(number.floatValue());
        } else if (value instanceof String text) {
            attribute.setType(AttributeProto.Type.STRING).setS(ByteString.copyFromUtf8(text));
        } else {
            attribute.setType(AttributeProto.Type.INTS);
            Arrays.stream((int[]) value).forEach(attribute::addInts);
        }
        return attribute.build();
    }

    /** Makes the value the graph's result. */
    void returns(String x) {
        graph.addNode(NodeProto.newBuilder()
                .setName("return")
                .setOpType("Identity")
                .addInput(x)
                .addOutput(OnnxModel.OUTPUT));
    }

    // ---- constants

    String integers(long... values) {
        return known.computeIfAbsent("integers " + Arrays.toString(values), key -> {
            var bytes = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asLongBuffer().put(values);
            return constant(ElementType.INT64, bytes, values.length);
        });
    }

    /** A scalar without axes. */
    String integer(long value) {
        return known.computeIfAbsent("integer " + value, key -> {
            var bytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            return constant(ElementType.INT64, bytes.putLong(value).rewind());
        });
    }

    String floats(float... values) {
        return floats(values, values.length);
    }

    String floats(float[] values, long... shape) {
        return known.computeIfAbsent("floats " + Arrays.toString(values) + Arrays.toString(shape), key -> {
            var bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(values);
            return constant(ElementType.FLOAT, bytes, shape);
        });
    }

    /** A scalar without axes. */
    String number(double value) {
        return known.computeIfAbsent("number " + value, key -> {
            var bytes = ByteBuffer.allocate(Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            return constant(ElementType.FLOAT, bytes.putFloat((float) value).rewind());
        });
    }

    private String constant(int type, ByteBuffer bytes, long... shape) {
        var name = "constant_" + graph.getInitializerCount();
        var tensor = TensorProto.newBuilder().setName(name).setDataType(type).setRawData(ByteString.copyFrom(bytes));
        Arrays.stream(shape).forEach(tensor::addDims);
        graph.addInitializer(tensor);
        return name;
    }

    // ---- weights

    /** A weight in fp32. */
    String weight(Parameter parameter) {
        return weight(parameter, 0, parameter.shape().get(0));
    }

    /** A weight of a channel each, in fp32, shaped to be combined with an image. */
    String overPixels(Parameter parameter) {
        return fp32(WeightSlice.of(parameter, weights).shaped(parameter.shape().get(0), 1, 1));
    }

    /** A matrix in fp32, as the kernel of a convolution of single pixels. */
    String ofPixels(Parameter matrix) {
        var sides = matrix.shape();
        return fp32(WeightSlice.of(matrix, weights).shaped(sides.get(0), sides.get(1), 1, 1));
    }

    /** Some rows of a weight, in fp32. */
    String weight(Parameter parameter, int first, int rows) {
        return fp32(WeightSlice.of(parameter, weights).rows(first, rows));
    }

    /** A large kernel in the order that convolutions on blocks of channels read. */
    String ordered(Parameter kernel, Kernels kernels) {
        return known.computeIfAbsent("ordered " + kernel.name(), key -> {
            var name = kernels.add(kernel, weights);
            graph.addInitializer(WeightSlice.given(
                    name, kernel.shape(), weights.info(kernel.name()).file()));
            return name;
        });
    }

    /** A weight in its file's own type. */
    String stored(Parameter parameter) {
        return initializer(WeightSlice.of(parameter, weights));
    }

    /** The result of a node that has the weight's stored type, in fp32. */
    String fp32(String stored, Parameter parameter) {
        return WeightSlice.of(parameter, weights).elementType() == ElementType.FLOAT ? stored : cast(stored);
    }

    private String fp32(WeightSlice slice) {
        var stored = initializer(slice);
        if (slice.elementType() == ElementType.FLOAT) {
            return stored;
        }
        return known.computeIfAbsent("fp32 " + slice.name(), key -> cast(stored));
    }

    private String initializer(WeightSlice slice) {
        return known.computeIfAbsent(slice.name(), name -> {
            graph.addInitializer(slice.initializer());
            return name;
        });
    }

    String cast(String x) {
        return node("Cast", List.of(x), Map.of("to", ElementType.FLOAT));
    }
}
