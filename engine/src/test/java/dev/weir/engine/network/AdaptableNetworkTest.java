package dev.weir.engine.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.adapter.AdaptedParts;
import dev.weir.engine.adapter.Bank;
import dev.weir.engine.adapter.Lora;
import dev.weir.engine.adapter.LoraFile;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.backend.Kept;
import dev.weir.engine.graph.Method;
import dev.weir.engine.weights.SafetensorsWriter;
import dev.weir.engine.weights.WeightType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the network with changes computes with, for rows whose LoRAs come and go. */
class AdaptableNetworkTest {

    private static final AdaptedParts PARTS =
            ModelFolder.open(ReferenceFile.path("checkpoints/sd1")).adaptedParts();
    private static final String BLOCK = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.";
    private static final int WIDTH = 8;

    @TempDir
    Path folder;

    private final List<Changed> made = new ArrayList<>();
    private final AdaptableNetwork network = new AdaptableNetwork("unet", new Changed(Set.of()), layers -> {
        made.add(new Changed(layers));
        Map<String, List<Integer>> shapes = new TreeMap<>(PARTS.shapes().get("unet"));
        shapes.keySet().retainAll(layers);
        return new AdaptableNetwork.Adapted(made.get(made.size() - 1), new Bank("unet", shapes));
    });

    /** Copies what is kept, as libtorch does, and gives what each row's first LoRA adds to each layer. */
    private static final class Changed implements Executable {

        private final Set<String> layers;
        private final Map<String, float[]> kept = new HashMap<>();
        private boolean isFull;

        private Changed(Set<String> layers) {
            this.layers = layers;
        }

        @Override
        public void keep(Map<String, Kept> inputs) {
            if (isFull) {
                throw new OutOfMemoryError("no room for a copy");
            }
            inputs.forEach((name, input) -> {
                var values = input.values().duplicate().order(ByteOrder.nativeOrder());
                var copy = new float[values.asFloatBuffer().remaining()];
                values.asFloatBuffer().get(copy);
                kept.put(name, copy);
            });
        }

        @Override
        public <T> T run(String method, List<Feed> feeds, Function<ByteBuffer, T> reader) {
            var slots = ByteBuffer.allocateDirect(feeds.get(0).length()).order(ByteOrder.nativeOrder());
            feeds.get(0).filler().accept(slots);
            int rows = (int) feeds.get(0).shape()[0];
            int taken = (int) feeds.get(0).shape()[1];
            var result = ByteBuffer.allocateDirect(Float.BYTES * rows * layers.size())
                    .order(ByteOrder.nativeOrder());
            for (int row = 0; row < rows; row++) {
                int entry = (int) slots.asLongBuffer().get(row * taken);
                for (var layer : new TreeMap<>(Map.copyOf(PARTS.shapes().get("unet"))).keySet()) {
                    if (layers.contains(layer)) {
                        result.putFloat(kept.get(Method.down(layer))[entry * WIDTH]);
                    }
                }
            }
            return reader.apply(result.flip());
        }

        @Override
        public void close() {}
    }

    /** Of rank 1, with one number everywhere. */
    private Lora lora(String name, String layer, float value) {
        var bytes = ByteBuffer.allocate(Float.BYTES * WIDTH).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            bytes.putFloat(value);
        }
        var file = new SafetensorsWriter()
                .tensor("unet." + BLOCK + layer + ".lora_A.weight", WeightType.F32, bytes.array(), 1, WIDTH)
                .tensor("unet." + BLOCK + layer + ".lora_B.weight", WeightType.F32, bytes.array(), WIDTH, 1)
                .write(folder.resolve(name + ".safetensors"));
        return LoraFile.open(file, name, PARTS).lora();
    }

    private static List<WeightedLora> row(Lora... loras) {
        return List.of(loras).stream().map(lora -> new WeightedLora(lora, 1)).toList();
    }

    private float[] run(List<List<WeightedLora>> rows) {
        return network.run("forward", List.of(), rows, result -> {
            var values = new float[result.asFloatBuffer().remaining()];
            result.asFloatBuffer().get(values);
            return values;
        });
    }

    @Test
    void aLoraThatCannotBeReadLeavesTheOnesBesideItRight() throws IOException {
        var old = lora("old", "to_q", 1);
        var fresh = lora("fresh", "to_q", 2);
        var gone = lora("gone", "to_q", 3);
        assertThat(run(List.of(row(old)))).containsExactly(1);
        Files.delete(folder.resolve("gone.safetensors"));

        assertThatExceptionOfType(ModelException.class)
                .isThrownBy(() -> network.load(row(fresh, gone), List.of(fresh, gone)))
                .withMessageContaining("gone.safetensors");
        assertThat(run(List.of(row(fresh), row(old), row()))).containsExactly(2, 1, 0);
    }

    @Test
    void rowsWhoseLorasChangeDifferentLayersShareTheFirstForward() {
        var first = lora("first", "to_k", 1);
        var second = lora("second", "to_q", 2);
        assertThat(run(List.of(row(first), row(second)))).containsExactly(1, 0, 0, 2);
        assertThat(made).as("networks that were loaded").hasSize(1);
        var third = lora("third", "to_v", 3);
        assertThat(run(List.of(row(third), row(first)))).containsExactly(0, 0, 3, 1, 0, 0);
        assertThat(made).hasSize(2);
    }

    @Test
    void whatTheNetworkHadNoMemoryForIsGivenAgain() {
        var first = lora("first", "to_q", 1);
        var second = lora("second", "to_q", 2);
        assertThat(run(List.of(row(first)))).containsExactly(1);
        made.get(0).isFull = true;
        assertThatExceptionOfType(OutOfMemoryError.class).isThrownBy(() -> run(List.of(row(first), row(second))));

        made.get(0).isFull = false;
        assertThat(run(List.of(row(second), row(first)))).containsExactly(2, 1);
    }
}
