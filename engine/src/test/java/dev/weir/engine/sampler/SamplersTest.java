package dev.weir.engine.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SamplersTest {

    @TempDir
    Path folder;

    @Test
    void everyNameMakesASampler() throws IOException {
        SchedulerConfig config = config("{\"clip_sample\": false}");

        for (String name : Samplers.names()) {
            Sampler sampler = Samplers.create(config, name, 20);

            assertThat(sampler.steps()).isEqualTo(20 + Samplers.extraCalls(name));
            assertThat(sampler.initialNoiseScale()).isFinite().isPositive();
            // PNDM runs the network twice at the second timestep.
            for (int step = 1 + 2 * Samplers.extraCalls(name); step < sampler.steps(); step++) {
                assertThat(sampler.timestep(step))
                        .isLessThan(sampler.timestep(step - 1))
                        .isNotNegative();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 61, 103, 999})
    void aRunHasAsManyStepsAsAskedForAndStaysWithinTheSchedule(int steps) throws IOException {
        for (String spacing : new String[] {"leading", "trailing", "linspace"}) {
            SchedulerConfig config = config("{\"timestep_spacing\": \"%s\"}".formatted(spacing));
            for (String name : Samplers.names()) {
                Sampler sampler = Samplers.create(config, name, steps);

                int calls = steps == 1 ? 1 : steps + Samplers.extraCalls(name);
                assertThat(sampler.steps()).as(name + spacing).isEqualTo(calls);
                assertThat(sampler.timestep(0)).isLessThan(1000);
                assertThat(sampler.timestep(calls - 1)).isNotNegative();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 1001})
    void stepsOutOfRangeAreRefusedWithTheLimit(int steps) throws IOException {
        SchedulerConfig config = config("{}");

        assertThatThrownBy(() -> Samplers.create(config, "ddim", steps))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1000")
                .hasMessageContaining(Integer.toString(steps));
    }

    @Test
    void stepsThatTheOffsetPushesOutAreRefused() throws IOException {
        SchedulerConfig config = config("{\"steps_offset\": 1}");

        assertThatThrownBy(() -> Samplers.create(config, "ddim", 1000)).hasMessageContaining("offset");
    }

    @Test
    void aScheduleClippedToNothingIsRefused() throws IOException {
        SchedulerConfig config = config("{\"lambda_min_clipped\": 0, \"beta_start\": 0.9, \"beta_end\": 0.9}");

        assertThatThrownBy(() -> Samplers.create(config, "dpmpp_2m", 5)).hasMessageContaining("do not fit");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "DDIM", "plms", "ddim:eta=2", "ddim:eta=.", "ddim:eta=", "euler:eta=1"})
    void anUnknownSamplerIsRefused(String name) {
        assertThatThrownBy(() -> SamplerSpec.parse(name)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void ddimTakesItsEta() {
        assertThat(SamplerSpec.parse("ddim")).isEqualTo(new SamplerSpec("ddim", 0));
        assertThat(SamplerSpec.parse("ddim:eta=0.5")).isEqualTo(new SamplerSpec("ddim", 0.5f));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "DDPMScheduler | {} | ddpm",
                "DDIMScheduler | {} | ddim",
                "DDIMScheduler | {\"use_karras_sigmas\": true, \"skip_prk_steps\": true} | ddim",
                "PNDMScheduler | {\"skip_prk_steps\": true, \"clip_sample\": true, \"thresholding\": true} | pndm",
                "EulerDiscreteScheduler | {} | euler",
                "EulerDiscreteScheduler | {\"use_karras_sigmas\": true} | euler_karras",
                "EulerDiscreteScheduler | {\"use_exponential_sigmas\": true} | euler",
                "EulerAncestralDiscreteScheduler | {\"use_karras_sigmas\": true, \"use_beta_sigmas\": true} | euler_ancestral",
                "DPMSolverMultistepScheduler | {\"solver_order\": 2, \"flow_shift\": 3.0} | dpmpp_2m",
                "DPMSolverMultistepScheduler | {\"use_karras_sigmas\": true} | dpmpp_2m_karras",
                "DPMSolverMultistepScheduler | {\"new_key\": false, \"newer_key\": null, \"_note\": \"x\"} | dpmpp_2m",
            })
    void theDefaultIsTheModelsOwn(String className, String keys, String name) throws IOException {
        assertThat(Samplers.defaultName(config(className, keys))).isEqualTo(name);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "PNDMScheduler | {} | PNDMScheduler with skip_prk_steps false is not available",
                "PNDMScheduler | {\"skip_prk_steps\": true, \"prediction_type\": \"sample\"} | prediction_type: unsupported value sample",
                "DPMSolverMultistepScheduler | {\"solver_order\": 1} | with solver_order 1",
                "DPMSolverMultistepScheduler | {\"solver_order\": 3, \"use_karras_sigmas\": true} | with solver_order 3 is",
                "DPMSolverMultistepScheduler | {\"algorithm_type\": \"dpmsolver\"} | with algorithm_type dpmsolver",
                "DPMSolverMultistepScheduler | {\"algorithm_type\": \"sde-dpmsolver++\"} | with algorithm_type sde-dpmsolver++",
                "DPMSolverMultistepScheduler | {\"use_lu_lambdas\": true} | use_lu_lambdas",
                "DPMSolverMultistepScheduler | {\"use_beta_sigmas\": true} | use_beta_sigmas",
                "DPMSolverMultistepScheduler | {\"use_flow_sigmas\": true} | use_flow_sigmas",
                "DPMSolverMultistepScheduler | {\"thresholding\": true} | thresholding",
                "DPMSolverMultistepScheduler | {\"variance_type\": \"learned\"} | variance_type",
                "DPMSolverMultistepScheduler | {\"prediction_type\": \"flow_prediction\"} | prediction_type",
                "DDIMScheduler | {\"thresholding\": true} | thresholding",
                "DDPMScheduler | {\"variance_type\": \"learned_range\"} | variance_type",
                "DDPMScheduler | {\"beta_schedule\": \"sigmoid\"} | beta_schedule",
                "EulerDiscreteScheduler | {\"interpolation_type\": \"log_linear\"} | interpolation_type",
                "EulerDiscreteScheduler | {\"timestep_type\": \"continuous\"} | timestep_type",
                "EulerDiscreteScheduler | {\"use_beta_sigmas\": true} | use_beta_sigmas",
                "EulerDiscreteScheduler | {\"use_lunar_sigmas\": true} | use_lunar_sigmas: Weir does not know this key",
                "HeunDiscreteScheduler | {} | HeunDiscreteScheduler is not available",
                "LMSDiscreteScheduler | {} | LMSDiscreteScheduler is not available",
                "KDPM2DiscreteScheduler | {} | KDPM2DiscreteScheduler is not available",
                "KDPM2AncestralDiscreteScheduler | {} | KDPM2AncestralDiscreteScheduler is not available",
                "DEISMultistepScheduler | {\"algorithm_type\": \"deis\"} | DEISMultistepScheduler is not available",
                "UniPCMultistepScheduler | {} | UniPCMultistepScheduler is not available",
                "DPMSolverSinglestepScheduler | {} | DPMSolverSinglestepScheduler is not available",
                "DPMSolverSDEScheduler | {} | DPMSolverSDEScheduler is not available",
                "LCMScheduler | {} | LCMScheduler is not available",
                "FlowMatchEulerDiscreteScheduler | {\"shift\": 3.0} | FlowMatchEulerDiscreteScheduler is not available",
            })
    void aSchedulerThatIsNotComputedExactlyIsRefusedByName(String className, String keys, String said)
            throws IOException {
        SchedulerConfig config = config(className, keys);

        assertThatThrownBy(() -> Samplers.defaultName(config))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("scheduler_config.json", className, said)
                .satisfies(e -> assertThat(e.getMessage().lines()).hasSize(1));
    }

    @Test
    void aRefusalListsTheSamplersThatFitTheFile() throws IOException {
        SchedulerConfig config =
                config("HeunDiscreteScheduler", "{\"thresholding\": true, \"prediction_type\": \"sample\"}");

        assertThat(Samplers.available(config)).containsExactly("euler", "euler_karras", "euler_ancestral");
        assertThatThrownBy(() -> Samplers.defaultName(config))
                .hasMessageEndingWith("available: euler, euler_karras, euler_ancestral");
        assertThatThrownBy(() -> Samplers.create(config, "ddim", 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("ddim is not available", "thresholding", "euler_karras");
    }

    @Test
    void aKeyThatNoSchedulerKnowsFitsNoSampler() throws IOException {
        SchedulerConfig config = config("DDIMScheduler", "{\"use_lunar_sigmas\": true}");

        assertThat(Samplers.available(config)).isEmpty();
        assertThatThrownBy(() -> Samplers.defaultName(config)).hasMessageContaining("no other sampler fits");
    }

    @Test
    void samplersWithoutNoiseDrawNone() throws IOException {
        for (String name : new String[] {"ddim", "pndm", "euler", "euler_karras", "dpmpp_2m", "dpmpp_2m_karras"}) {
            Sampler sampler = Samplers.create(config("{}"), name, 3);
            SamplerState state = SamplerState.start(new float[] {1, -1});
            for (int step = 0; step < sampler.steps(); step++) {
                state = sampler.advance(state, new float[] {0.5f, 0.5f}, count -> {
                            throw new AssertionError(name + " draws noise");
                        })
                        .next();
            }
            assertThat(state.step()).isEqualTo(sampler.steps());
        }
    }

    private SchedulerConfig config(String className, String keys) throws IOException {
        String separator = keys.equals("{}") ? "" : ", ";
        return config("{\"_class_name\": \"%s\"%s%s".formatted(className, separator, keys.substring(1)));
    }

    private SchedulerConfig config(String json) throws IOException {
        Path file = folder.resolve("scheduler_config.json");
        Files.writeString(file, json);
        return SchedulerConfig.read(file);
    }
}
