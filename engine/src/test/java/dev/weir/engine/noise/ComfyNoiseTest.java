package dev.weir.engine.noise;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** ComfyUI draws tensors of a whole batch: the first on the CPU, those of steps on the GPU. Both generators have records of their own. */
class ComfyNoiseTest {

    private static final long SEED = -5; // a large unsigned number
    private static final int SIZE = 4 * 4 * 8;
    private static final int BATCH = 3;

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void anImageHasItsPartOfTheBatch(int index) {
        NoiseStream stream = NoiseKind.parse("comfyui:%d:%d".formatted(index, BATCH)).stream(SEED);
        NoiseStream gpu = NoiseKind.CUDA.stream(SEED);

        assertThat(stream.normal(SIZE))
                .containsExactly(part(NoiseKind.CPU.stream(SEED).normal(BATCH * SIZE), index));
        for (int step = 0; step < 3; step++) {
            assertThat(stream.normal(SIZE)).as("step %d", step).containsExactly(part(gpu.normal(BATCH * SIZE), index));
        }
    }

    @Test
    void aStreamGoesOnElsewhere() {
        NoiseKind kind = NoiseKind.parse("comfyui:1:2");
        NoiseStream stream = kind.stream(SEED);
        for (int step = 0; step < 3; step++) {
            NoiseStream elsewhere = kind.stream(SEED).at(stream.position());
            assertThat(elsewhere.normal(SIZE)).as("step %d", step).containsExactly(stream.normal(SIZE));
        }
    }

    private static float[] part(float[] batch, int index) {
        return Arrays.copyOfRange(batch, index * SIZE, (index + 1) * SIZE);
    }
}
