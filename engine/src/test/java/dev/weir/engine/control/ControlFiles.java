package dev.weir.engine.control;

import dev.weir.engine.AddOns;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.weights.ComponentWeights;
import dev.weir.engine.weights.SafetensorsWriter;
import dev.weir.engine.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** ControlNets and T2I-Adapters of tests: which of some folders fit a model, and files of them with other names. */
final class ControlFiles {

    private ControlFiles() {}

    static Map<String, ControlNet> fitting(String model, Path... folders) {
        return ModelFolder.open(
                        ReferenceFile.path(model),
                        Optional.empty(),
                        List.of(),
                        Optional.empty(),
                        AddOns.of(ControlNetFolders.open(List.of(folders))))
                .controlNets()
                .byName();
    }

    /** A file with the tensors of a net's folder under other names. */
    static void write(Path file, Path net, UnaryOperator<String> naming) {
        Weights weights = ComponentWeights.open(net);
        SafetensorsWriter writer = new SafetensorsWriter();
        for (String tensor : weights.names()) {
            byte[] bytes = new byte[weights.bytes(tensor).remaining()];
            weights.bytes(tensor).get(bytes);
            writer.tensor(
                    naming.apply(tensor),
                    weights.info(tensor).type(),
                    bytes,
                    weights.info(tensor).shape());
        }
        writer.write(file);
    }
}
