package dev.weir.textencoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.engine.PromptStates;
import dev.weir.engine.TextStates;
import dev.weir.runtime.memory.LocalMemory;
import dev.weir.runtime.memory.MemoryArea;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

final class StatesMemoryTest {

    @Test
    void whatIsReadIsWhatWasWrittenBitByBit() {
        float[] values = {1.5f, -0f, Float.MIN_VALUE, 3.1415927f, 1e-30f, -7};
        PromptStates written = new PromptStates(new TextStates(2, 3, values), "and “more” кот");
        PromptStates restored = StatesMemory.states(StatesMemory.bytes(written)).orElseThrow();
        assertThat(restored.cut()).isEqualTo("and “more” кот");
        TextStates read = restored.states();
        assertThat(read.tokens()).isEqualTo(2);
        assertThat(read.width()).isEqualTo(3);
        assertThat(read.values()).containsExactly(values);
    }

    @Test
    void statesOfOtherWeightsAreNotFound() {
        Vertx vertx = Vertx.vertx();
        var map = new LocalMemory(vertx).map(MemoryArea.TEXT_STATES);
        var memory = new StatesMemory(vertx, map, new SimpleMeterRegistry());
        memory.put("model", "w1", "cpu fp32", "a cat", new PromptStates(new TextStates(1, 1, new float[] {7}), ""));
        await().until(() -> found(memory, "w1"));
        assertThat(found(memory, "w2")).isFalse();
        vertx.close();
    }

    private static boolean found(StatesMemory memory, String weights) {
        return memory.find("model", weights, "cpu fp32", "a cat")
                .toCompletionStage()
                .toCompletableFuture()
                .join()
                .isPresent();
    }

    @Test
    void anEntryWithANumberThatIsNotFiniteIsNone() {
        byte[] entry = StatesMemory.bytes(new PromptStates(new TextStates(1, 2, new float[] {1, Float.NaN}), ""));
        assertThat(StatesMemory.states(entry)).isEmpty();
    }

    @Test
    void anEntryThatMakesNoSenseIsNone() {
        byte[] entry = StatesMemory.bytes(new PromptStates(new TextStates(2, 3, new float[6]), ""));
        assertThat(StatesMemory.states(new byte[0])).isEmpty();
        assertThat(StatesMemory.states(new byte[12])).isEmpty();
        assertThat(StatesMemory.states(Arrays.copyOf(entry, entry.length - 1))).isEmpty();
        entry[3] = 127;
        assertThat(StatesMemory.states(entry)).isEmpty();
    }
}
