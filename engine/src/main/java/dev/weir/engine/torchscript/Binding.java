package dev.weir.engine.torchscript;

import dev.weir.engine.graph.Parameter;
import dev.weir.engine.weights.TensorInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;

/**
 * A method of the emitted module that takes its weights from one file: libtorch maps the file itself and converts each
 * tensor natively to the graph's precision and layout, so that no weight ever passes through Java.
 *
 * @param method its name; it takes the file's path
 */
public record Binding(String method, Path file, List<Bound> weights) {

    record Bound(Parameter parameter, TensorInfo place) {}

    public static List<Binding> all(Collection<Parameter> parameters, Placement placement) {
        var byFile = new TreeMap<Path, List<Bound>>();
        for (var parameter : parameters) {
            var place = placement.of(parameter.name());
            byFile.computeIfAbsent(place.file(), file -> new ArrayList<>()).add(new Bound(parameter, place));
        }
        var bindings = new ArrayList<Binding>();
        byFile.forEach((file, weights) -> bindings.add(new Binding("bind" + bindings.size(), file, weights)));
        return bindings;
    }

    Body body(Numerics numerics) {
        var body = new Body("def " + method + "(self, path: str) -> int");
        for (var type :
                weights.stream().map(bound -> bound.place().type()).distinct().toList()) {
            body.line("f%d = torch.from_file(path, False, %d, dtype=%1$d, layout=None, device=None, pin_memory=None)"
                    .formatted(Placement.dtype(type), length() / type.bytes()));
        }
        for (var bound : weights) {
            var parameter = bound.parameter();
            body.line(TorchScript.attribute(parameter) + " = " + kept(parameter, mapped(bound), numerics));
        }
        body.line("return 0");
        return body;
    }

    private long length() {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String mapped(Bound bound) {
        var shape = bound.parameter().shape();
        var strides = new ArrayList<Integer>(shape);
        int stride = 1;
        for (int i = shape.size() - 1; i >= 0; i--) {
            strides.set(i, stride);
            stride *= shape.get(i);
        }
        var type = bound.place().type();
        return "torch.as_strided(f%d, %s, %s, %d)"
                .formatted(Placement.dtype(type), shape, strides, bound.place().offset() / type.bytes());
    }

    /** The expression of a weight as the graph wants it. */
    private static String kept(Parameter parameter, String mapped, Numerics numerics) {
        var use = parameter.use();
        var host = numerics.isCuda() ? numerics.deviceExpression() + ", " : "";
        if (use instanceof Parameter.Table) {
            return numerics.isCuda() ? "torch.to(%s, %s%d)".formatted(mapped, host, numerics.dtype()) : mapped;
        }
        var dtype = use instanceof Parameter.Exact ? Numerics.FP32 : numerics.dtype();
        var converted = "torch.to(%s, %s%d)".formatted(mapped, host, dtype);
        if (use instanceof Parameter.Kernel kernel) {
            converted = "torch.contiguous(%s, memory_format=2)".formatted(converted);
            if (numerics.packed()) {
                return "ops.mkldnn._reorder_convolution_weight(%s, [%2$d, %2$d], [%3$d, %3$d], [1, 1], 1, [1, %4$d, %5$d, %5$d])"
                        .formatted(
                                converted,
                                kernel.padding(),
                                kernel.stride(),
                                parameter.shape().get(1),
                                kernel.side());
            }
        }
        if (use instanceof Parameter.Matrix matrix && numerics.packed()) {
            return "ops.mkldnn._reorder_linear_weight(%s, %d)".formatted(converted, matrix.rows());
        }
        return converted;
    }
}
