package dev.weir.engine;

import dev.weir.engine.pickle.PickledFile;
import dev.weir.engine.weights.SafetensorsFile;
import dev.weir.engine.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * One file of weights, mapped. Immutable; any thread.
 *
 * @param notes what it says beside its tensors
 */
record WeightFile(Path path, Weights tensors, Map<String, String> notes) {

    static final String SAFETENSORS = ".safetensors";

    private static final List<String> PICKLED = List.of(".ckpt", ".pt", ".pth", ".bin");

    static WeightFile safetensors(Path path) {
        SafetensorsFile file = SafetensorsFile.open(path);
        return new WeightFile(path, file, file.metadata());
    }

    /** Throws {@link ModelException} that says what is wrong with it. Pickled files are read too, and never run. */
    static WeightFile open(Path path) {
        if (!isPickled(path)) {
            return safetensors(path);
        }
        if (FileKind.isPointer(path)) {
            throw Refusal.pointer(path.getFileName().toString()).at(path);
        }
        PickledFile file = PickledFile.open(path);
        return new WeightFile(path, file, file.notes());
    }

    static boolean isPickled(Path path) {
        String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
        return PICKLED.stream().anyMatch(name::endsWith);
    }

    /** Size of all tensors together. */
    long bytes() {
        return bytes(tensors);
    }

    static long bytes(Weights tensors) {
        return tensors.names().stream()
                .mapToLong(name -> tensors.info(name).length())
                .sum();
    }
}
