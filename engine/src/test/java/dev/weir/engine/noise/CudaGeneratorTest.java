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

class CudaGeneratorTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("noise/cuda.safetensors");

    static Stream<Named<JsonNode>> streams() {
        JsonNode cases = ReferenceFile.json("noise/cuda.json");
        return StreamSupport.stream(cases.spliterator(), false)
                .map(stream -> Named.of(stream.get("name").asText(), stream));
    }

    @ParameterizedTest
    @MethodSource("streams")
    void drawsWhatTheDeviceDraws(JsonNode stream) {
        NoiseStream noise = noise(stream);
        for (JsonNode draw : stream.get("draws")) {
            requireSame(draw, noise);
        }
    }

    @ParameterizedTest
    @MethodSource("streams")
    void continuesFromAnyPosition(JsonNode stream) {
        NoiseStream noise = noise(stream);
        for (JsonNode draw : stream.get("draws")) {
            noise = noise(stream).at(noise.position());
            requireSame(draw, noise);
        }
    }

    /** The numbers in the comment of AUTOMATIC1111/stable-diffusion-webui, modules/rng_philox.py. */
    @Test
    void seedZeroDrawsThePublishedNumbers() {
        float[] published = {
            -0.92466259f,
            -0.42534415f,
            -2.6438457f,
            0.14518388f,
            -0.12086647f,
            -0.57972564f,
            -0.62285122f,
            -0.32838709f,
            -1.07454231f,
            -0.36314407f,
            -1.67105067f,
            2.26550497f
        };

        assertThat(NoiseKind.CUDA.stream(0).normal(12)).containsExactly(published, within(1e-6f));
    }

    /** Of Random123's file kat_vectors. */
    @Test
    void philoxGivesItsAuthorsKnownAnswers() {
        assertThat(Philox.words(0, 0, 0)).containsExactly(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
        assertThat(Philox.words(-1, -1, -1)).containsExactly(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
        assertThat(Philox.words(0x299f31d0a4093822L, 0x0370734413198a2eL, 0x85a308d3243f6a88L))
                .containsExactly(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
    }

    @Test
    void theGridMattersOnlyToTensorsThatAreLargerThanIt() {
        float[] anyDevice = NoiseKind.CUDA.stream(5).normal(4 * 256 + 1);
        float[] enough = NoiseKind.parse("cuda:5").stream(5).normal(4 * 256 + 1);
        float[] tooFew = NoiseKind.parse("cuda:4").stream(5).normal(4 * 256 + 1);

        assertThat(enough).containsExactly(anyDevice);
        assertThat(tooFew).startsWith(Arrays.copyOf(anyDevice, 4 * 256));
        assertThat(tooFew[4 * 256]).isNotEqualTo(anyDevice[4 * 256]);
    }

    @Test
    void aPositionOfACpuStreamIsRefused() {
        NoiseStream noise = NoiseKind.CUDA.stream(7);

        assertThatThrownBy(() -> noise.at(new NoisePosition(7, 24 * 16 + 2, Double.NaN)))
                .hasMessageContaining("does not continue after 386");
    }

    @Test
    void nothingIsDrawnForAnEmptyTensor() {
        NoiseStream noise = NoiseKind.CUDA.stream(7);

        assertThat(noise.normal(0)).isEmpty();
        assertThat(noise.position()).isEqualTo(NoisePosition.start(7));
    }

    @Test
    void aKindIsReadByItsName() {
        assertThat(NoiseKind.parse("cpu").stream(3)).isInstanceOf(TorchGenerator.class);
        assertThat(NoiseKind.parse("cuda")).isEqualTo(NoiseKind.CUDA);
        assertThat(NoiseKind.parse("cuda:168").blocks()).isEqualTo(168);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "gpu", "CUDA", "cuda:", "cuda:0", "cuda:-1", "cuda:1000000"})
    void anotherKindIsRefused(String text) {
        assertThatThrownBy(() -> NoiseKind.parse(text)).hasMessageContaining("cuda:BLOCKS");
    }

    private static NoiseStream noise(JsonNode stream) {
        return NoiseKind.parse(stream.get("noise").asText()).stream(
                Long.parseUnsignedLong(stream.get("seed").asText()));
    }

    private static void requireSame(JsonNode draw, NoiseStream noise) {
        float[] expected = TENSORS.floats(draw.get("tensor").asText());

        assertThat(noise.normal(expected.length)).containsExactly(expected, within(2e-6f));
        assertThat(noise.position().drawn()).isEqualTo(draw.get("offset").longValue());
    }
}
