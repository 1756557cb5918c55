package dev.weir.textencoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.engine.HostTensor;
import dev.weir.engine.Prompt;
import dev.weir.engine.PromptStates;
import dev.weir.engine.Tensors;
import dev.weir.engine.prompt.PromptSyntax;
import dev.weir.runtime.memory.LocalMemory;
import dev.weir.runtime.memory.MemoryArea;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class StatesMemoryTest {

    @Test
    void whatIsReadIsWhatWasWrittenBitByBit() {
        float[] values = {1.5f, -0f, Float.MIN_VALUE, 3.1415927f, 1e-30f, -7};
        PromptStates written = new PromptStates(
                states(values, 2, 3).with("text_embeds", HostTensor.of(new float[] {5, -6}, 2)), "and “more” кот");
        PromptStates restored = StatesMemory.states(StatesMemory.bytes(written)).orElseThrow();
        assertThat(restored.cut()).isEqualTo("and “more” кот");
        assertThat(restored.tokens()).isEqualTo(2);
        HostTensor read = restored.states().get("encoder_hidden_states");
        assertThat(read.shape()).containsExactly(2, 3);
        assertThat(read.values()).containsExactly(values);
        assertThat(restored.states().get("text_embeds")).isEqualTo(HostTensor.of(new float[] {5, -6}, 2));
    }

    @Test
    void statesOfOtherWeightsAreNotFound() {
        Vertx vertx = Vertx.vertx();
        var map = new LocalMemory(vertx).map(MemoryArea.TEXT_STATES);
        var memory = new StatesMemory(vertx, map, new SimpleMeterRegistry());
        memory.put("model", "w1", "cpu fp32", Prompt.of("a cat"), new PromptStates(states(new float[] {7}, 1, 1), ""));
        await().until(() -> found(memory, "w1", Prompt.of("a cat")));
        assertThat(found(memory, "w2", Prompt.of("a cat"))).isFalse();
        vertx.close();
    }

    @Test
    void statesOfAnotherPromptAreNotFound() {
        Vertx vertx = Vertx.vertx();
        var map = new LocalMemory(vertx).map(MemoryArea.TEXT_STATES);
        var memory = new StatesMemory(vertx, map, new SimpleMeterRegistry());
        memory.put("model", "w1", "cpu fp32", Prompt.absent(1), new PromptStates(states(new float[] {7}, 1, 1), ""));
        await().until(() -> found(memory, "w1", Prompt.absent(1)));
        memory.put(
                "model",
                "w1",
                "cpu fp32",
                Prompt.of("(a)").in(PromptSyntax.A1111),
                new PromptStates(states(new float[] {8}, 1, 1), ""));
        await().until(() -> found(memory, "w1", Prompt.of("(a)").in(PromptSyntax.A1111)));
        for (Prompt other : List.of(
                Prompt.absent(0),
                new Prompt("", 1),
                new Prompt("a", 1),
                Prompt.of("(a)"),
                Prompt.of("(a)").in(PromptSyntax.COMFYUI))) {
            assertThat(found(memory, "w1", other)).as("%s", other).isFalse();
        }
        vertx.close();
    }

    private static boolean found(StatesMemory memory, String weights, Prompt prompt) {
        return memory.find("model", weights, "cpu fp32", prompt)
                .toCompletionStage()
                .toCompletableFuture()
                .join()
                .isPresent();
    }

    @Test
    void anEntryWithANumberThatIsNotFiniteIsNone() {
        byte[] entry = StatesMemory.bytes(new PromptStates(states(new float[] {1, Float.NaN}, 1, 2), ""));
        assertThat(StatesMemory.states(entry)).isEmpty();
    }

    @Test
    void anEntryThatMakesNoSenseIsNone() {
        byte[] entry = StatesMemory.bytes(new PromptStates(states(new float[6], 2, 3), ""));
        assertThat(StatesMemory.states(new byte[0])).isEmpty();
        assertThat(StatesMemory.states(new byte[12])).isEmpty();
        assertThat(StatesMemory.states(Arrays.copyOf(entry, entry.length - 1))).isEmpty();
        entry[3] = 127;
        assertThat(StatesMemory.states(entry)).isEmpty();
    }

    private static Tensors states(float[] values, int... shape) {
        return Tensors.of(Tensors.ENCODER_HIDDEN_STATES, HostTensor.of(values, shape));
    }
}
