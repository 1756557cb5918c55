package dev.weir.engine.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.graph.Method;
import dev.weir.engine.weights.SafetensorsFile;
import dev.weir.engine.weights.SafetensorsWriter;
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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which LoRAs a bank holds, and where. */
class BankTest {

    private static final AdaptedParts PARTS =
            ModelFolder.open(ReferenceFile.path("checkpoints/sd1")).adaptedParts();

    /** What doubles a number of half precision. */
    private static final int HALF_EXPONENT_STEP = 1 << 10;

    private static final String LAYER = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";
    private static final int WIDTH = 8;

    /** Of {@link #LAYER}, for each entry and rank. */
    private static final int BYTES = 2 * WIDTH * Float.BYTES;

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
        return new Bank("unet", shapes, mostBytes, LayerBank::zeros);
    }

    /** Changes one layer. Each has numbers of its own. */
    private Lora ofRank(String name, int rank) {
        var bytes = ByteBuffer.allocate(Float.BYTES * WIDTH * rank).order(ByteOrder.LITTLE_ENDIAN);
        for (float next = ++copies; bytes.hasRemaining(); next += 10) {
            bytes.putFloat(next);
        }
        var file = new SafetensorsWriter()
                .tensor("unet." + LAYER + ".lora_A.weight", WeightType.F32, bytes.array(), rank, WIDTH)
                .tensor("unet." + LAYER + ".lora_B.weight", WeightType.F32, bytes.array(), WIDTH, rank)
                .write(folder.resolve(name + ".safetensors"));
        return LoraFile.open(file, name, PARTS).lora();
    }

    private List<Lora> ofRank(int rank, int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> ofRank("rank" + rank + "-" + i, rank))
                .toList();
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

    @Test
    void aLargerRankMakesRoomAndNeverTakesMoreThanTheLimit() {
        var small = ofRank(4, 7);
        var large = ofRank("large", 16);
        var bank = bank(large, 8 * 4 * BYTES);
        small.forEach(lora -> bank.load(lora, Set.of(lora)));
        assertThat(bank.size()).isEqualTo(7);
        assertThat(bytes(bank)).isEqualTo(8 * 4 * BYTES);

        bank.load(large, Set.of(large, small.get(6)));

        assertThat(small.stream().filter(bank::has)).as("those that are needed").containsExactly(small.get(6));
        requireValues(bank, large, small.get(6));
        bank.load(small.get(0), Set.of(small.get(0)));
        assertThat(bytes(bank)).isLessThanOrEqualTo(8 * 4 * BYTES);
        requireValues(bank, small.get(0));
    }

    @Test
    void theRankOfALoraThatIsGoneTakesNoMoreMemory() {
        var small = ofRank(4, 3);
        var large = ofRank("large", 32);
        var bank = bank(large, 2 * 32 * BYTES);
        bank.load(large, Set.of(large));
        assertThat(bytes(bank)).isEqualTo(2 * 32 * BYTES);
        small.forEach(lora -> bank.load(lora, Set.of(lora)));
        assertThat(bank.has(large)).isFalse();
        assertThat(bytes(bank)).isEqualTo(4 * 4 * BYTES);
        requireValues(bank, small.toArray(Lora[]::new));
    }

    @Test
    void whatAForwardNeedsIsLoadedEvenIfItTakesMore() {
        List<Lora> all = new ArrayList<>(ofRank(4, 7));
        all.add(ofRank("large", 16));
        var bank = bank(all.get(0), 1);
        all.forEach(lora -> bank.load(lora, all));
        assertThat(bank.size()).isEqualTo(8);
        requireValues(bank, all.toArray(Lora[]::new));
    }

    @Test
    void memoryThatIsShortLeavesItAsItWas() throws IOException {
        var first = lora("first");
        var second = lora("second");
        var layers = new TreeMap<>(Map.copyOf(PARTS.layers("unet")));
        layers.keySet().retainAll(first.layers("unet"));
        var left = new AtomicInteger(Integer.MAX_VALUE);
        var bank = new Bank("unet", layers, Long.MAX_VALUE, bytes -> {
            if (left.decrementAndGet() < 0) {
                throw new OutOfMemoryError("%d bytes".formatted(bytes));
            }
            return LayerBank.zeros(bytes);
        });
        bank.load(first, Set.of(first));
        var before = bank.inputs();

        left.set(layers.size());
        assertThatExceptionOfType(OutOfMemoryError.class).isThrownBy(() -> bank.load(second, Set.of(first, second)));

        assertThat(bank.has(second)).isFalse();
        assertThat(bank.capacity()).isEqualTo(2);
        bank.inputs().forEach((name, input) -> assertThat(input.values())
                .as(name)
                .isSameAs(before.get(name).values()));
        left.set(Integer.MAX_VALUE);
        bank.load(second, Set.of(first, second));
        for (var layer : layers.keySet()) {
            for (Lora lora : List.of(first, second)) {
                assertThat(values(bank, layer, bank.entry(lora)))
                        .startsWith(lora.read("unet").get(layer).down());
            }
        }
    }

    @Test
    void aLayerBeyondTheSizeOfABufferIsRefused() {
        assertThatExceptionOfType(OutOfMemoryError.class)
                .isThrownBy(() -> new LayerBank(1 << 14, 1 << 14, 64, 1 << 10, LayerBank::zeros))
                .withMessageContaining("4294967296 bytes");
    }

    private static long bytes(Bank bank) {
        return bank.inputs().values().stream()
                .mapToLong(input -> input.values().capacity())
                .sum();
    }

    private static void requireValues(Bank bank, Lora... loras) {
        for (Lora lora : loras) {
            float[] own = lora.read("unet").get(LAYER).down();
            float[] values = values(bank, LAYER, bank.entry(lora));
            assertThat(values).as(lora.name()).startsWith(own);
            for (int i = own.length; i < values.length; i++) {
                assertThat(values[i]).isZero();
            }
        }
        assertThat(values(bank, LAYER, Bank.NOTHING)).containsOnly(0);
    }
}
