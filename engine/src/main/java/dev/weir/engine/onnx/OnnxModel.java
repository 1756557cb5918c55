package dev.weir.engine.onnx;

import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Method;
import dev.weir.engine.graph.Script;
import dev.weir.engine.onnx.model.GraphProto;
import dev.weir.engine.onnx.model.ModelProto;
import dev.weir.engine.onnx.model.OperatorSetIdProto;
import dev.weir.engine.onnx.model.TensorShapeProto;
import dev.weir.engine.onnx.model.TypeProto;
import dev.weir.engine.onnx.model.ValueInfoProto;

/** Prints one method of a network as an ONNX model of symbolic batch, height, width and tokens. Any thread. */
final class OnnxModel {

    static final String OUTPUT = "result";

    /** Of the file format, and of the standard's operators. */
    private static final int IR_VERSION = 10;

    private static final int OPSET = 21;

    private OnnxModel() {}

    /** @param kernels takes the large kernels that the session must be given */
    static ModelProto of(Script network, Method method, Kernels kernels) {
        var graph = GraphProto.newBuilder().setName(method.name());
        for (var name : method.inputNames()) {
            method.input(name).ifPresent(input -> graph.addInput(declaration(input)));
        }
        var emitter = new OnnxEmitter(new Nodes(graph, network.weights()), new Uses(method), kernels);
        method.operations().forEach(emitter::emit);
        return of(graph);
    }

    /** The model of a graph that lacks only the declaration of its output. */
    static ModelProto of(GraphProto.Builder graph) {
        var result = TypeProto.Tensor.newBuilder().setElemType(ElementType.FLOAT);
        graph.addOutput(ValueInfoProto.newBuilder()
                .setName(OUTPUT)
                .setType(TypeProto.newBuilder().setTensorType(result)));
        var model = ModelProto.newBuilder()
                .setIrVersion(IR_VERSION)
                .setProducerName("weir")
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OPSET))
                .addOpsetImport(own(Nodes.CONTRIB))
                .setGraph(graph);
        // Not on every processor does the library know these.
        if (graph.getNodeList().stream().anyMatch(node -> node.getDomain().equals(Nodes.BLOCKED))) {
            model.addOpsetImport(own(Nodes.BLOCKED));
        }
        return model.build();
    }

    private static OperatorSetIdProto.Builder own(String domain) {
        return OperatorSetIdProto.newBuilder().setDomain(domain).setVersion(1);
    }

    /** The declaration of an image. */
    static ValueInfoProto image(String name, int channels) {
        return declaration(new Input(name, Input.Kind.IMAGE, channels));
    }

    private static ValueInfoProto declaration(Input input) {
        var tensor =
                switch (input.kind()) {
                    case IMAGE ->
                        // Images of one method may have different sizes.
                        tensor(
                                ElementType.FLOAT,
                                "batch",
                                input.channels(),
                                input.name() + "_height",
                                input.name() + "_width");
                    case SEQUENCE -> tensor(ElementType.FLOAT, "batch", "tokens", input.channels());
                    case COLUMNS -> tensor(ElementType.FLOAT, "batch", input.channels(), input.name() + "_tokens");
                    case NUMBERS -> tensor(ElementType.FLOAT, "batch");
                    case ROWS -> tensor(ElementType.FLOAT, "batch", input.channels());
                    case IDS -> tensor(ElementType.INT64, "batch", "tokens");
                    case LABELS -> tensor(ElementType.INT64, "batch");
                    // Not "batch" and "tokens": one single flag stands for all.
                    case FLAGS -> tensor(ElementType.BOOL, input.name() + "_rows", input.name() + "_tokens");
                    case SLOTS -> tensor(ElementType.INT64, "batch", "taken");
                    case FACTORS -> tensor(ElementType.FLOAT, "batch", "taken");
                    case SHARES -> tensor(ElementType.FLOAT, "batch", "entries");
                    case BANK -> tensor(ElementType.FLOAT, "entries", input.name() + "_rank", input.channels());
                };
        return ValueInfoProto.newBuilder()
                .setName(input.name())
                .setType(TypeProto.newBuilder().setTensorType(tensor))
                .build();
    }

    private static TypeProto.Tensor tensor(int type, Object... axes) {
        var shape = TensorShapeProto.newBuilder();
        for (var axis : axes) {
            var dimension = shape.addDimBuilder();
            if (axis instanceof Integer size) {
                dimension.setDimValue(size);
            } else {
                dimension.setDimParam((String) axis);
            }
        }
        return TypeProto.Tensor.newBuilder().setElemType(type).setShape(shape).build();
    }
}
