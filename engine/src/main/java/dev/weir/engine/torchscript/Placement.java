package dev.weir.engine.torchscript;

import dev.weir.engine.weights.TensorInfo;
import dev.weir.engine.weights.WeightType;
import dev.weir.engine.weights.Weights;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Where libtorch finds each weight: in its safetensors file, or in a scratch file where it is not in a file as it is, or does
 * not begin at a multiple of its element size there. The scratch file is deleted on {@link #close}, after binding.
 */
public final class Placement implements AutoCloseable {

    private static final int ALIGNMENT = 64;

    private final Map<String, TensorInfo> places;
    private final List<Path> scratch;

    private Placement(Map<String, TensorInfo> places, List<Path> scratch) {
        this.places = places;
        this.scratch = scratch;
    }

    public static Placement of(Weights weights, Set<String> names) throws IOException {
        var places = new HashMap<String, TensorInfo>();
        names.forEach(name -> places.put(name, weights.info(name)));
        var copied = places.values().stream()
                .filter(info -> !info.isInFile() || info.offset() % info.type().bytes() != 0)
                .toList();
        if (copied.isEmpty()) {
            return new Placement(places, List.of());
        }
        var file = Files.createTempFile("weir-weights", ".bin");
        var placement = new Placement(places, List.of(file));
        try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            for (var info : copied) {
                long offset = (channel.position() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
                channel.position(offset);
                writeFully(channel, weights.bytes(info.name()));
                places.put(
                        info.name(),
                        new TensorInfo(info.name(), info.type(), info.shape(), file, offset, info.length()));
            }
        } catch (IOException e) {
            placement.close();
            throw e;
        }
        return placement;
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    TensorInfo of(String name) {
        return places.get(name);
    }

    /** TorchScript's number of a type that weights may have. */
    static int dtype(WeightType type) {
        return switch (type) {
            case F32 -> 6;
            case F16 -> 5;
            case BF16 -> 15;
            case I64 -> 4;
            case I32 -> 3;
            case U8 -> 0;
            case BOOL -> 11;
        };
    }

    @Override
    public void close() throws IOException {
        for (var file : scratch) {
            Files.deleteIfExists(file);
        }
    }
}
