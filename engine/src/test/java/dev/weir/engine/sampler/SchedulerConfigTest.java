package dev.weir.engine.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.ModelException;
import dev.weir.engine.sampler.SamplerConfig.BetaSchedule;
import dev.weir.engine.sampler.SamplerConfig.SigmaSpacing;
import dev.weir.engine.sampler.SamplerConfig.Spacing;
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
        SchedulerConfig published = read(
                """
                {"_class_name": "PNDMScheduler", "_diffusers_version": "0.6.0", "beta_end": 0.012,
                 "beta_schedule": "scaled_linear", "beta_start": 0.00085, "num_train_timesteps": 1000,
                 "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1, "trained_betas": null,
                 "clip_sample": false}""");
        SamplerConfig config = as("pndm", published);

        assertThat(published.className()).isEqualTo("PNDMScheduler");
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
        SamplerConfig config = as(
                "dpmpp_2m_karras",
                read(
                        """
                {"_class_name": "DPMSolverMultistepScheduler", "algorithm_type": "dpmsolver++",
                 "lambda_min_clipped": -Infinity, "solver_order": 2, "solver_type": "midpoint",
                 "timestep_spacing": "trailing", "use_karras_sigmas": true, "use_flow_sigmas": false,
                 "thresholding": false, "variance_type": null, "prediction_type": "v_prediction"}"""));

        assertThat(config.lambdaMinClipped()).isEqualTo(Double.NEGATIVE_INFINITY);
        assertThat(config.spacing()).contains(Spacing.TRAILING);
        assertThat(config.sigmaSpacing()).isEqualTo(SigmaSpacing.KARRAS);
        assertThat(config.prediction()).isEqualTo(Prediction.V_PREDICTION);
    }

    @Test
    void anAbsentKeyHasTheDefaultOfTheSamplersOwnScheduler() throws IOException {
        SchedulerConfig published = read("{}");

        assertThat(as("ddim", published).finalAlphaOne()).isTrue();
        assertThat(as("pndm", published).finalAlphaOne()).isFalse();
        assertThat(as("ddpm", published).clipSample()).isTrue();
        assertThat(as("euler", published).clipSample()).isFalse();
    }

    @Test
    void theKeysOfOtherSchedulersAreIgnored() throws IOException {
        SchedulerConfig published =
                read("{\"set_alpha_to_one\": true, \"use_karras_sigmas\": true, \"variance_type\": \"learned\"}");

        assertThat(as("pndm", published).finalAlphaOne()).isTrue();
        assertThat(as("euler", published).sigmaSpacing()).isEqualTo(SigmaSpacing.TIMESTEPS);
        assertThat(as("euler_ancestral", published).sigmaSpacing()).isEqualTo(SigmaSpacing.TIMESTEPS);
        assertThatThrownBy(() -> as("ddpm", published)).hasMessageContaining("variance_type");
    }

    @Test
    void stableDiffusionsPipelineDecidesTheOffsetAndTheClipping() throws IOException {
        SchedulerConfig published =
                read("{\"_class_name\": \"DDIMScheduler\", \"clip_sample\": true, \"steps_offset\": 0}");
        SchedulerConfig loaded = published.inStableDiffusion("DDIMScheduler");

        assertThat(as("ddim", published).clipSample()).isTrue();
        assertThat(as("ddim", published).stepsOffset()).isZero();
        for (String name : Samplers.names()) {
            assertThat(as(name, loaded).clipSample()).as(name).isFalse();
            assertThat(as(name, loaded).stepsOffset()).as(name).isEqualTo(1);
        }
    }

    @Test
    void theIndexNamesTheSchedulerThatRuns() throws IOException {
        SchedulerConfig published = read("{\"_class_name\": \"DDIMScheduler\"}");

        assertThat(published.inStableDiffusion("EulerDiscreteScheduler").className())
                .isEqualTo("EulerDiscreteScheduler");
        assertThat(read("{\"_class_name\": \"MagicScheduler\"}")
                        .inStableDiffusion("DDIMScheduler")
                        .className())
                .isEqualTo("MagicScheduler");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ddim | beta_schedule | \"sigmoid\"",
                "ddim | prediction_type | \"flow_prediction\"",
                "ddim | prediction_type | 3",
                "ddim | timestep_spacing | \"Leading\"",
                "euler | timestep_type | \"continuous\"",
                "euler | interpolation_type | \"log_linear\"",
                "ddpm | variance_type | \"learned_range\"",
                "euler | final_sigmas_type | \"one\"",
                "dpmpp_2m | solver_type | \"simpson\"",
                "ddim | thresholding | true",
                "dpmpp_2m | use_flow_sigmas | true",
                "euler | use_beta_sigmas | true",
                "ddim | clip_sample | \"yes\"",
                "ddim | num_train_timesteps | 1",
                "ddim | num_train_timesteps | 2000000",
                "ddim | num_train_timesteps | 10.5",
                "ddim | steps_offset | -1",
                "ddim | steps_offset | 1000",
                "ddim | beta_start | \"small\"",
                "ddim | beta_end | 1.5",
                "ddim | beta_end | NaN",
                "euler | sigma_min | -0.1",
                "ddim | clip_sample_range | Infinity",
                "dpmpp_2m | lambda_min_clipped | NaN",
                "ddim | trained_betas | 0.1",
                "ddim | trained_betas | [0.1, 2.5]",
                "ddim | trained_betas | [0.1, null]",
            })
    void aValueThatIsNotKnownIsRefusedByKeyAndValue(String sampler, String key, String value) {
        assertThatThrownBy(() -> as(sampler, read("{\"%s\": %s}".formatted(key, value))))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("scheduler_config.json")
                .hasMessageContaining(key)
                .hasMessageContaining(value.replaceAll("[\"\\[\\]]|0\\.1, ", ""));
    }

    @Test
    void betasThatAreNotAsManyAsTheTimestepsAreRefused() {
        assertThatThrownBy(() -> as("ddim", read("{\"trained_betas\": [0.1, 0.2, 0.3]}")))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("trained_betas", "3", "1000");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "[0.5]"})
    void aScheduleOfLessThanTwoTimestepsIsRefused(String betas) {
        assertThatThrownBy(() -> as("ddim", read("{\"trained_betas\": %s}".formatted(betas))))
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

    private static SamplerConfig as(String sampler, SchedulerConfig config) {
        return config.of(NamedSampler.find(sampler).orElseThrow());
    }

    private SchedulerConfig read(String json) throws IOException {
        Path file = folder.resolve("scheduler_config.json");
        Files.writeString(file, json);
        return SchedulerConfig.read(file);
    }
}
