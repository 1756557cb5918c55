package dev.weir.engine;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.weights.ComponentWeights;
import dev.weir.engine.weights.TensorInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;

/** The checkpoints of the repository, and copies of them to break. */
final class TestModels {

    static final Path DEFAULT_MODEL = Path.of("../models/default");

    private static final Path CHECKPOINTS = Path.of("src/test/resources/reference/checkpoints");

    private TestModels() {}

    static Path checkpoint(String name) {
        return CHECKPOINTS.resolve(name);
    }

    static Path copy(String name, Path into) throws IOException {
        return copy(checkpoint(name), into.resolve(name));
    }

    static Path copy(Path source, Path target) throws IOException {
        try (Stream<Path> files = Files.walk(source)) {
            files.forEach(file -> {
                try {
                    Files.copy(file, target.resolve(source.relativize(file).toString()));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
        return target;
    }

    /** Files of a folder over those of another. */
    static void lay(Path source, Path over) throws IOException {
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.toList()) {
                Path target = over.resolve(source.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }

    /** Replaces text that must be there. */
    static void edit(Path file, String was, String becomes) throws IOException {
        String text = Files.readString(file);
        if (!text.contains(was)) {
            throw new IllegalArgumentException(file + " has no " + was);
        }
        Files.writeString(file, text.replace(was, becomes));
    }

    /** Overwrites the first number of a weight. */
    static void poison(Path component, String tensor, float value) throws IOException {
        TensorInfo place = ComponentWeights.open(component).info(tensor);
        ByteBuffer bytes = ByteBuffer.allocate(place.type().bytes()).order(ByteOrder.LITTLE_ENDIAN);
        switch (place.type()) {
            case F32 -> bytes.putFloat(value);
            case BF16 -> bytes.putShort((short) (Float.floatToIntBits(value) >>> 16));
            default -> throw new IllegalArgumentException(tensor + " is " + place.type());
        }
        try (FileChannel file = FileChannel.open(place.file(), StandardOpenOption.WRITE)) {
            file.write(bytes.flip(), place.offset());
        }
    }

    static void setComponent(Path model, String pipeline, String component, String className) throws IOException {
        Path file = model.resolve("model_index.json");
        ObjectNode index = (ObjectNode) new ObjectMapper().readTree(file.toFile());
        index.put("_class_name", pipeline);
        index.putArray(component).add("diffusers").add(className);
        Files.writeString(file, index.toString());
    }
}
