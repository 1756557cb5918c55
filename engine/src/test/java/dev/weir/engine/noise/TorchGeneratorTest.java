package dev.weir.engine.noise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ReferenceFile;
import java.util.Arrays;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TorchGeneratorTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("noise/noise.safetensors");

    static Stream<Named<JsonNode>> streams() {
        JsonNode cases = ReferenceFile.json("noise/noise.json");
        return StreamSupport.stream(cases.spliterator(), false)
                .map(stream -> Named.of(stream.get("name").asText(), stream));
    }

    @ParameterizedTest
    @MethodSource("streams")
    void drawsWhatTheReferenceDraws(JsonNode stream) {
        TorchGenerator generator = new TorchGenerator(stream.get("seed").longValue());
        for (JsonNode draw : stream.get("draws")) {
            requireSame(draw, generator);
        }
    }

    @ParameterizedTest
    @MethodSource("streams")
    void goesOnFromAnyPosition(JsonNode stream) {
        TorchGenerator generator = new TorchGenerator(stream.get("seed").longValue());
        for (JsonNode draw : stream.get("draws")) {
            generator = new TorchGenerator(generator.position());
            requireSame(draw, generator);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 16, 21, 1300})
    void aPositionIsIndependentOfItsGenerator(int count) {
        TorchGenerator generator = new TorchGenerator(7);
        generator.normal(count);
        NoisePosition position = generator.position();

        float[] next = generator.normal(count);

        assertThat(new TorchGenerator(position).normal(count)).containsExactly(next);
        assertThat(new TorchGenerator(position).normal(count)).containsExactly(next);
    }

    @Test
    void theImagesOfABatchArePartsOfOneDraw() {
        float[] batch = new TorchGenerator(7).normal(3 * 64);
        TorchGenerator beside = new TorchGenerator(7);
        beside.normal(3 * 64);
        float[] next = beside.normal(64);

        NoiseStream last = NoiseKind.parse("cpu:2").stream(7).at(NoisePosition.start(7));

        assertThat(NoiseKind.parse("cpu:0").stream(7).normal(64)).containsExactly(Arrays.copyOf(batch, 64));
        assertThat(last.normal(64)).containsExactly(Arrays.copyOfRange(batch, 128, 192));
        assertThat(last.at(last.position()).normal(64)).containsExactly(next);
    }

    @Test
    void aNegativePositionIsRefused() {
        assertThatThrownBy(() -> new NoisePosition(7, -1, Double.NaN)).hasMessageContaining("drawn");
    }

    private static void requireSame(JsonNode draw, TorchGenerator generator) {
        int count = 1;
        for (JsonNode side : draw.get("shape")) {
            count *= side.intValue();
        }
        String tensor = draw.get("tensor").asText();
        switch (draw.get("kind").asText()) {
            case "randn" -> assertThat(generator.normal(count)).containsExactly(TENSORS.floats(tensor), within(1e-6f));
            case "rand" -> {
                for (float expected : TENSORS.floats(tensor)) {
                    assertThat((generator.word() & 0xFFFFFF) * 0x1p-24f).isEqualTo(expected);
                }
            }
            case "rand53" -> {
                for (long expected : TENSORS.longs(tensor)) {
                    assertThat(generator.uniformDouble()).isEqualTo(expected * 0x1p-53);
                }
            }
            case "raw" -> {
                for (long expected : TENSORS.longs(tensor)) {
                    assertThat(Integer.toUnsignedLong(generator.word())).isEqualTo(expected);
                }
            }
            case "random32" -> {
                for (long expected : TENSORS.longs(tensor)) {
                    assertThat((long) (generator.word() & Integer.MAX_VALUE)).isEqualTo(expected);
                }
            }
            default -> throw new AssertionError(draw);
        }
    }
}
