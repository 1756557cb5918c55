package dev.weir.engine.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.graph.Method;
import dev.weir.engine.weights.SafetensorsFile;
import dev.weir.engine.weights.WeightType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which LoRAs a bank holds, and where. */
class BankTest {

    private static final AdaptedParts PARTS =
            ModelFolder.open(ReferenceFile.path("checkpoints/sd1")).adaptedParts();

    /** What doubles a number of half precision. */
    private static final int HALF_EXPONENT_STEP = 1 << 10;

    @TempDir
    Path folder;

    private int copies;

    /** Each with twice the factors of the one before it. */
    private Lora lora(String name) throws IOException {
        var source = ReferenceFile.path("lora/peft.safetensors");
        var file = folder.resolve(name + ".safetensors");
        var bytes = ByteBuffer.wrap(Files.readAllBytes(source)).order(ByteOrder.LITTLE_ENDIAN);
        var tensors = SafetensorsFile.open(source);
        for (var tensor : tensors.names()) {
            var info = tensors.info(tensor);
            assertThat(info.type()).isEqualTo(WeightType.F16);
            for (int at = (int) info.offset(); at < info.offset() + info.length(); at += Short.BYTES) {
                bytes.putShort(at, (short) (bytes.getShort(at) + copies * HALF_EXPONENT_STEP));
            }
        }
        copies++;
        Files.write(file, bytes.array());
        return LoraFile.open(file, name, PARTS).lora();
    }

    private static Bank bank(Lora lora, long mostBytes) {
        var shapes = new TreeMap<>(Map.copyOf(PARTS.layers("unet")));
        shapes.keySet().retainAll(lora.layers("unet"));
        return new Bank("unet", shapes, mostBytes);
    }

    @Test
    void itGrowsAndKeepsWhatItHolds() throws IOException {
        List<Lora> loras = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            loras.add(lora("l" + i));
        }
        var bank = bank(loras.get(0), Long.MAX_VALUE);
        bank.load(loras.get(0), loras);
        int entry = bank.entry(loras.get(0));
        var layer = loras.get(0).layers("unet").iterator().next();
        loras.forEach(lora -> bank.load(lora, loras));
        assertThat(bank.size()).isEqualTo(5);
        assertThat(bank.capacity()).isEqualTo(8);
        assertThat(bank.entry(loras.get(0))).isEqualTo(entry);
        for (Lora lora : loras) {
            float[] own = lora.read("unet").get(layer).down();
            assertThat(values(bank, layer, bank.entry(lora))).as(lora.name()).isEqualTo(own);
        }
        assertThat(loras.stream().map(lora -> lora.read("unet").get(layer).down()[0]))
                .as("each has factors of its own")
                .doesNotHaveDuplicates();
        assertThat(values(bank, layer, Bank.NOTHING)).containsOnly(0);
        assertThat(loras.stream().map(bank::entry)).doesNotHaveDuplicates().doesNotContain(Bank.NOTHING);
    }

    private static float[] values(Bank bank, String layer, int entry) {
        var input = bank.inputs().get(Method.down(layer));
        int size = (int) (input.shape()[1] * input.shape()[2]);
        var values = new float[size];
        input.values().duplicate().order(input.values().order()).asFloatBuffer().get(entry * size, values);
        return values;
    }

    @Test
    void theLeastRecentlyUsedMakesRoomAndNeverOneThatIsNeeded() throws IOException {
        var first = lora("first");
        var second = lora("second");
        var third = lora("third");
        var bank = bank(first, 1);
        bank.load(first, Set.of(first));
        bank.load(second, Set.of(second));
        assertThat(bank.has(first)).isFalse();
        assertThat(bank.size()).isEqualTo(1);
        bank.load(third, Set.of(second, third));
        assertThat(bank.has(second)).isTrue();
        assertThat(bank.has(third)).isTrue();
        bank.load(second, Set.of(second));
        bank.load(first, Set.of(first));
        bank.load(second, Set.of(first, second));
        assertThat(bank.has(second)).as("used after the third").isTrue();
    }

    @Test
    void aFileThatCannotBeReadLeavesItAsItWas() throws IOException {
        var first = lora("first");
        var gone = lora("gone");
        var bank = bank(first, Long.MAX_VALUE);
        bank.load(first, Set.of(first));
        Files.delete(folder.resolve("gone.safetensors"));
        assertThatExceptionOfType(ModelException.class)
                .isThrownBy(() -> bank.load(gone, Set.of(first, gone)))
                .withMessageContaining("gone.safetensors");
        assertThat(bank.has(first)).isTrue();
        assertThat(bank.has(gone)).isFalse();
    }
}
