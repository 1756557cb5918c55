package dev.weir.engine;

import dev.weir.engine.weights.SafetensorsOutput;
import java.nio.file.Path;
import java.util.function.LongConsumer;

/** The tensors of one file, under the same names. Immutable; any thread. */
record FileConversion(WeightFile file, Path out) implements Conversion {

    @Override
    public String about() {
        String kind = Family.of(file.tensors())
                .map(family -> "a whole model of " + family.title())
                .or(() -> AddOnKind.of(file.tensors()).map(AddOnKind::form))
                .orElse("a file of weights");
        int count = file.tensors().names().size();
        return "%s, %d tensor%s, as %s".formatted(kind, count, count == 1 ? "" : "s", out.getFileName());
    }

    @Override
    public long bytes() {
        return file.bytes();
    }

    @Override
    public void write(LongConsumer progress) {
        SafetensorsOutput.write(out, file.tensors(), file.notes(), progress);
    }
}
