package dev.weir.engine.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.weir.engine.ReferenceFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NoiseScheduleTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("samplers/samplers.safetensors");

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "scaled_linear, 0.00085, 0.012",
        "linear, 0.0001, 0.02",
        "squaredcos_cap_v2, 0.0001, 0.02",
    })
    void keepsWhatTheReferenceKeeps(String name, double start, double end) throws IOException {
        for (boolean zeroSnr : new boolean[] {false, true}) {
            NoiseSchedule schedule = schedule(
                    """
                    {"beta_schedule": "%s", "beta_start": %s, "beta_end": %s, "rescale_betas_zero_snr": %s}"""
                            .formatted(name, start, end, zeroSnr));
            float[] expected = TENSORS.floats("alphas_cumprod/" + name + (zeroSnr ? "/zero-snr" : ""));

            assertThat(schedule.length()).isEqualTo(expected.length);
            // Zero terminal SNR goes by a square root that the reference's library does not round to the nearest.
            float tolerance = zeroSnr ? 1e-6f : 0;
            for (int t = 0; t < expected.length; t++) {
                assertThat(schedule.alphaCumprod(t)).as("%s at %d", name, t).isCloseTo(expected[t], within(tolerance));
            }
        }
    }

    @Test
    void betasOfTheModelsOwnAreTaken() throws IOException {
        NoiseSchedule schedule =
                schedule("""
                {"num_train_timesteps": 3, "trained_betas": [0.5, 0.5, 0.75]}""");

        assertThat(schedule.length()).isEqualTo(3);
        assertThat(schedule.alphaCumprod(2)).isEqualTo(0.0625f);
    }

    @Test
    void noiseIsAddedWithUnitVariance() throws IOException {
        NoiseSchedule schedule =
                schedule("""
                {"num_train_timesteps": 2, "trained_betas": [0.36, 0.5]}""");

        float[] noisy = schedule.addNoise(new float[] {1, 0, 1}, new float[] {0, 1, 1}, 0);

        assertThat(noisy).containsExactly(new float[] {0.8f, 0.6f, 1.4f}, within(1e-6f));
    }

    private NoiseSchedule schedule(String json) throws IOException {
        Path file = folder.resolve("scheduler_config.json");
        Files.writeString(file, json);
        return NoiseSchedule.of(SchedulerConfig.read(file));
    }
}
