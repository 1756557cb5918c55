package dev.weir.engine.inversion;

import dev.weir.engine.weights.Numbers;
import dev.weir.engine.weights.TensorInfo;
import dev.weir.engine.weights.WeightType;
import dev.weir.engine.weights.Weights;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Set;

/** A text encoder's weights with more rows behind its table of words. The table is made in fp32, whatever the file has. Immutable. */
final class ExtendedTable implements Weights {

    private static final String TABLE = "embeddings.token_embedding.weight";

    private final Weights weights;
    private final List<float[]> more;

    ExtendedTable(Weights weights, List<float[]> more) {
        this.weights = weights;
        this.more = List.copyOf(more);
    }

    @Override
    public Set<String> names() {
        return weights.names();
    }

    @Override
    public TensorInfo info(String name) {
        TensorInfo info = weights.info(name);
        if (!name.endsWith(TABLE)) {
            return info;
        }
        long[] shape = {info.shape()[0] + more.size(), info.shape()[1]};
        return new TensorInfo(
                name, WeightType.F32, shape, info.file(), TensorInfo.MADE, shape[0] * shape[1] * Float.BYTES);
    }

    @Override
    public ByteBuffer bytes(String name) {
        if (!name.endsWith(TABLE)) {
            return weights.bytes(name);
        }
        float[] table = Numbers.read(weights, name);
        ByteBuffer bytes =
                ByteBuffer.allocate(Math.toIntExact(info(name).length())).order(ByteOrder.LITTLE_ENDIAN);
        var floats = bytes.asFloatBuffer().put(table);
        more.forEach(floats::put);
        return bytes;
    }

    @Override
    public void requireUnchanged() {
        weights.requireUnchanged();
    }

    @Override
    public void requireNotTruncated() {
        weights.requireNotTruncated();
    }
}
