package dev.weir.tests;

import dev.weir.engine.weights.ComponentWeights;
import dev.weir.engine.weights.TensorInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;

/** Copies of the tiny checkpoint of the default model's shape, with NaN in a weight. */
public final class PoisonedModel {

    private static final Path TINY = Repository.ROOT.resolve("engine/src/test/resources/reference/checkpoints/default");
    private static final short NAN = 0x7e00;

    private PoisonedModel() {}

    /**
     * @param component folder of the weight, as {@code unet}
     * @param index of the number that is overwritten, row-major
     */
    public static Path write(Path into, String component, String tensor, int index) throws IOException {
        copy(into);
        TensorInfo place = ComponentWeights.open(into.resolve(component)).info(tensor);
        ByteBuffer bytes = ByteBuffer.allocate(Short.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort(NAN)
                .flip();
        try (FileChannel file = FileChannel.open(place.file(), StandardOpenOption.WRITE)) {
            file.write(bytes, place.offset() + (long) index * Short.BYTES);
        }
        return into;
    }

    /** The checkpoint as it is. */
    public static void copy(Path into) throws IOException {
        try (Stream<Path> files = Files.walk(TINY)) {
            files.forEach(file -> {
                try {
                    Path target = into.resolve(TINY.relativize(file).toString());
                    if (Files.isDirectory(file)) {
                        Files.createDirectories(target);
                    } else {
                        Files.copy(file, target);
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
