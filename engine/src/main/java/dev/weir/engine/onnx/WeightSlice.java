package dev.weir.engine.onnx;

import com.google.protobuf.ByteString;
import dev.weir.engine.graph.Parameter;
import dev.weir.engine.onnx.model.StringStringEntryProto;
import dev.weir.engine.onnx.model.TensorProto;
import dev.weir.engine.weights.TensorInfo;
import dev.weir.engine.weights.Weights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Some first-axis rows of a weight, where they lie in the checkpoint's file. ONNX Runtime maps that file itself. Only a weight
 * that is not in a file as it is passes through Java, and becomes part of the graph.
 *
 * @param name unique within a graph
 * @param start of its first byte in the weight
 */
record WeightSlice(String name, TensorInfo info, Weights weights, long[] shape, long start, long length) {

    static WeightSlice of(Parameter parameter, Weights weights) {
        var info = weights.info(parameter.name());
        return new WeightSlice(parameter.name(), info, weights, info.shape(), 0, info.length());
    }

    /** Stands for a weight in fp32 that the session is given from memory. Its file is named because there must be one. */
    static TensorProto given(String name, List<Integer> shape, Path file) {
        var tensor = TensorProto.newBuilder()
                .setName(name)
                .setDataType(ElementType.FLOAT)
                .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                .addExternalData(entry("location", location(file)));
        shape.forEach(tensor::addDims);
        return tensor.build();
    }

    WeightSlice rows(int first, int rows) {
        if (first == 0 && rows == shape[0]) {
            return this;
        }
        long row = length / shape[0];
        var some = shape.clone();
        some[0] = rows;
        return new WeightSlice(
                "%s[%d:%d]".formatted(name, first, first + rows), info, weights, some, start + first * row, rows * row);
    }

    WeightSlice shaped(long... other) {
        return new WeightSlice(name + Arrays.toString(other), info, weights, other, start, length);
    }

    int elementType() {
        return ElementType.of(info.type());
    }

    TensorProto initializer() {
        var tensor = TensorProto.newBuilder().setName(name).setDataType(elementType());
        if (info.isInFile()) {
            tensor.setDataLocation(TensorProto.DataLocation.EXTERNAL)
                    .addExternalData(entry("location", location(info.file())))
                    .addExternalData(entry("offset", Long.toString(info.offset() + start)))
                    .addExternalData(entry("length", Long.toString(length)));
        } else {
            tensor.setRawData(ByteString.copyFrom(weights.bytes(info.name()).slice((int) start, (int) length)));
        }
        Arrays.stream(shape).forEach(tensor::addDims);
        return tensor.build();
    }

    /** Relative to {@link #folder}: ONNX takes no absolute location. Links are followed, since ONNX Runtime follows none. */
    private static String location(Path file) {
        var real = real(file);
        return real.getRoot().relativize(real).toString();
    }

    /** The folder that locations start from: the file system's root, since the files of one checkpoint may lie apart. */
    static Path folder(Path file) {
        return real(file).getRoot();
    }

    private static Path real(Path file) {
        try {
            return file.toRealPath();
        } catch (IOException e) {
            return file.toAbsolutePath().normalize();
        }
    }

    private static StringStringEntryProto entry(String key, String value) {
        return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
    }
}
