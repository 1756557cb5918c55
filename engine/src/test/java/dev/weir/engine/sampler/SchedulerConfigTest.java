package dev.weir.engine.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.ModelException;
import dev.weir.engine.sampler.SchedulerConfig.BetaSchedule;
import dev.weir.engine.sampler.SchedulerConfig.SigmaSpacing;
import dev.weir.engine.sampler.SchedulerConfig.Spacing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SchedulerConfigTest {

    @TempDir
    Path folder;

    @Test
    void readsTheConfigOfStableDiffusion15() throws IOException {
        SchedulerConfig config = read(
                """
                {"_class_name": "PNDMScheduler", "_diffusers_version": "0.6.0", "beta_end": 0.012,
                 "beta_schedule": "scaled_linear", "beta_start": 0.00085, "num_train_timesteps": 1000,
                 "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1, "trained_betas": null,
                 "clip_sample": false}""");

        assertThat(config.className()).isEqualTo("PNDMScheduler");
        assertThat(config.betaSchedule()).isEqualTo(BetaSchedule.SCALED_LINEAR);
        assertThat(config.betaStart()).isEqualTo(0.00085);
        assertThat(config.finalAlphaOne()).isFalse();
        assertThat(config.clipSample()).isFalse();
        assertThat(config.stepsOffset()).isEqualTo(1);
        assertThat(config.prediction()).isEqualTo(Prediction.EPSILON);
        assertThat(config.spacing()).isEmpty();
    }

    @Test
    void readsWhatTheReferenceWrites() throws IOException {
        SchedulerConfig config = read(
                """
                {"_class_name": "DPMSolverMultistepScheduler", "algorithm_type": "dpmsolver++",
                 "lambda_min_clipped": -Infinity, "solver_order": 2, "solver_type": "midpoint",
                 "timestep_spacing": "trailing", "use_karras_sigmas": true, "use_flow_sigmas": false,
                 "thresholding": false, "variance_type": null, "prediction_type": "v_prediction"}""");

        assertThat(config.lambdaMinClipped()).isEqualTo(Double.NEGATIVE_INFINITY);
        assertThat(config.spacing()).contains(Spacing.TRAILING);
        assertThat(config.sigmaSpacing()).isEqualTo(SigmaSpacing.KARRAS);
        assertThat(config.prediction()).isEqualTo(Prediction.V_PREDICTION);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "beta_schedule | \"sigmoid\"",
                "prediction_type | \"flow_prediction\"",
                "prediction_type | 3",
                "timestep_spacing | \"Leading\"",
                "timestep_type | \"continuous\"",
                "interpolation_type | \"log_linear\"",
                "variance_type | \"learned_range\"",
                "final_sigmas_type | \"one\"",
                "solver_type | \"simpson\"",
                "thresholding | true",
                "use_flow_sigmas | true",
                "use_beta_sigmas | true",
                "clip_sample | \"yes\"",
                "num_train_timesteps | 1",
                "num_train_timesteps | 2000000",
                "num_train_timesteps | 10.5",
                "steps_offset | -1",
                "steps_offset | 1000",
                "beta_start | \"small\"",
                "beta_end | 1.5",
                "beta_end | NaN",
                "sigma_min | -0.1",
                "clip_sample_range | Infinity",
                "lambda_min_clipped | NaN",
                "trained_betas | 0.1",
                "trained_betas | [0.1, 2.5]",
                "trained_betas | [0.1, null]",
            })
    void aValueThatIsNotKnownIsRefusedByKeyAndValue(String key, String value) {
        assertThatThrownBy(() -> read("{\"%s\": %s}".formatted(key, value)))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("scheduler_config.json")
                .hasMessageContaining(key)
                .hasMessageContaining(value.replaceAll("[\"\\[\\]]|0\\.1, ", ""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "[0.5]"})
    void aScheduleOfLessThanTwoTimestepsIsRefused(String betas) {
        assertThatThrownBy(() -> read("{\"trained_betas\": %s}".formatted(betas)))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("trained_betas");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"[1]", "not json", "{\"a\": ", "''"})
    void whatIsNoJsonObjectIsRefused(String text) {
        assertThatThrownBy(() -> read(text))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("scheduler_config.json");
    }

    @Test
    void aMissingFileIsNamed() {
        assertThatThrownBy(() -> SchedulerConfig.read(folder.resolve("none.json")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("none.json");
    }

    private SchedulerConfig read(String json) throws IOException {
        Path file = folder.resolve("scheduler_config.json");
        Files.writeString(file, json);
        return SchedulerConfig.read(file);
    }
}
