package dev.weir.engine.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.weir.engine.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SchedulerConfigTest {

    private static final Set<String> SINGLESTEP = Set.of("dpmpp_2s", "dpmpp_3s", "dpmsolver_singlestep");

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

        assertThat(published.className()).isEqualTo("PNDMScheduler");
        assertThat(as("pndm", published))
                .isEqualTo(new PndmScheduler(
                        NoiseSchedule.of(published),
                        new Timesteps(Spacing.LEADING, 1000, 1),
                        Prediction.EPSILON,
                        true,
                        false));
        // The first beta of a scaled linear schedule is its start.
        assertThat(1 - NoiseSchedule.of(published).alphaCumprod(0)).isCloseTo(0.00085f, within(1e-7f));
    }

    @Test
    void readsWhatTheReferenceWrites() throws IOException {
        var scheduler = (DpmMultistepScheduler)
                as(
                        "dpmpp_2m_karras",
                        read(
                                """
                {"_class_name": "DPMSolverMultistepScheduler", "algorithm_type": "dpmsolver++",
                 "lambda_min_clipped": -Infinity, "solver_order": 2, "solver_type": "midpoint",
                 "timestep_spacing": "trailing", "use_karras_sigmas": true, "use_flow_sigmas": false,
                 "thresholding": false, "variance_type": null, "prediction_type": "v_prediction"}"""));

        assertThat(scheduler.schedule().lambdaMinClipped()).isEqualTo(Double.NEGATIVE_INFINITY);
        assertThat(scheduler.schedule().timesteps().spacing()).isEqualTo(Spacing.TRAILING);
        assertThat(scheduler.schedule().spacing()).isEqualTo(SigmaSpacing.KARRAS);
        assertThat(scheduler.method().solver().prediction()).isEqualTo(Prediction.V_PREDICTION);
    }

    @Test
    void anAbsentKeyHasTheDefaultOfTheSamplersOwnScheduler() throws IOException {
        SchedulerConfig published = read("{}");

        assertThat(((DdimScheduler) as("ddim", published)).finalAlphaOne()).isTrue();
        assertThat(((PndmScheduler) as("pndm", published)).finalAlphaOne()).isFalse();
        assertThat(((DdpmScheduler) as("ddpm", published)).clipping()).isEqualTo(new Clipping(1, 0, 0));
    }

    @Test
    void aKeyThatWasWrittenOnlyAsAClasssDefaultIsNotTheModels() throws IOException {
        SchedulerConfig published = read(
                """
                {"_class_name": "PNDMScheduler", "_use_default_values": ["set_alpha_to_one", "timestep_spacing"],
                 "set_alpha_to_one": false, "timestep_spacing": "trailing", "steps_offset": 1}""");

        assertThat(as("ddim", published))
                .isEqualTo(as("ddim", read("{\"steps_offset\": 1}")))
                .isNotEqualTo(as("ddim", read("{\"steps_offset\": 1, \"set_alpha_to_one\": false}")));
    }

    @Test
    void theKeysOfOtherSchedulersAreIgnored() throws IOException {
        SchedulerConfig published =
                read("{\"set_alpha_to_one\": true, \"use_karras_sigmas\": true, \"variance_type\": \"learned\"}");

        assertThat(((PndmScheduler) as("pndm", published)).finalAlphaOne()).isTrue();
        assertThat(as("euler_ancestral", published)).isEqualTo(as("euler_ancestral", read("{}")));
        assertThat(as("ddim", published)).isEqualTo(as("ddim", read("{\"set_alpha_to_one\": true}")));
        assertThat(as("ddpm", published)).isNotEqualTo(as("ddpm", read("{}")));
    }

    @Test
    void stableDiffusionsPipelineDecidesTheOffsetAndTheClipping() throws IOException {
        SchedulerConfig published =
                read("{\"_class_name\": \"DDIMScheduler\", \"clip_sample\": true, \"steps_offset\": 0}");
        SchedulerConfig loaded = published.corrected("DDIMScheduler");

        List<String> readers = new ArrayList<>(Samplers.available(loaded));
        readers.remove("tcd"); // has the keys, and uses neither
        for (String name : readers) {
            assertThat(as(name, loaded))
                    .as(name)
                    .isEqualTo(as(name, read("{\"clip_sample\": false, \"steps_offset\": 1}")))
                    .satisfies(scheduler -> assertThat(scheduler.equals(as(name, published)))
                            .isEqualTo(SINGLESTEP.contains(name))); // whose class knows neither key
        }
    }

    @Test
    void theIndexNamesTheSchedulerThatRuns() throws IOException {
        SchedulerConfig published = read("{\"_class_name\": \"DDIMScheduler\"}");

        assertThat(published.corrected("EulerDiscreteScheduler").className()).isEqualTo("EulerDiscreteScheduler");
        assertThat(read("{\"_class_name\": \"MagicScheduler\"}")
                        .corrected("DDIMScheduler")
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
                "euler | timestep_type | \"odd\"",
                "euler | interpolation_type | \"cubic\"",
                "ddpm | variance_type | \"fixed_huge\"",
                "ddim | thresholding | 1",
                "ddim | dynamic_thresholding_ratio | 1.5",
                "euler | final_sigmas_type | \"one\"",
                "dpmpp_2m | solver_type | \"simpson\"",
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

    private static Scheduler as(String sampler, SchedulerConfig config) {
        return Samplers.scheduler(config, SamplerSpec.of(sampler));
    }

    private SchedulerConfig read(String json) throws IOException {
        Path file = folder.resolve("scheduler_config.json");
        Files.writeString(file, json);
        return SchedulerConfig.read(file);
    }
}
