package dev.weir.engine.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.weir.engine.Finite;
import dev.weir.engine.ModelException;
import dev.weir.engine.ReferenceFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SamplersTest {

    private static final int MOST_STEPS = 1000;

    private static final List<String> FEW_STEP = List.of("lcm", "tcd");

    private static final List<String> COMFYUI = List.of(
            "comfyui_simple",
            "comfyui_sgm_uniform",
            "comfyui_karras",
            "comfyui_exponential",
            "comfyui_ddim_uniform",
            "comfyui_beta",
            "comfyui_normal",
            "comfyui_linear_quadratic",
            "comfyui_kl_optimal");

    @TempDir
    Path folder;

    @Test
    void everyAvailableNameMakesASampler() throws IOException {
        SchedulerConfig config = config("{\"clip_sample\": false}");

        for (String name : Samplers.available(config)) {
            Sampler sampler = Samplers.create(config, name, 20);

            assertThat(sampler.steps()).isEqualTo(Samplers.calls(name).of(20));
            assertThat(sampler.initialNoiseScale()).isFinite().isPositive();
            // Some methods run the network several times around a timestep, in their first steps or in all.
            boolean once = Samplers.calls(name).equals(Calls.ONE_A_STEP);
            for (int step = once ? 1 : 4; step < sampler.steps(); step++) {
                assertThat(sampler.timestep(step))
                        .isLessThan(sampler.timestep(once ? step - 1 : step - 4))
                        .isNotNegative();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 61, 103, 999})
    void aRunHasAsManyStepsAsAskedForAndStaysWithinTheSchedule(int steps) throws IOException {
        for (String spacing : new String[] {"leading", "trailing", "linspace"}) {
            SchedulerConfig config = config("{\"timestep_spacing\": \"%s\"}".formatted(spacing));
            for (String name : Samplers.available(config)) {
                if (name.equals("pndm_prk") && steps < 4 || FEW_STEP.contains(name) && steps > 50) {
                    continue; // a prologue of at least four steps, and a distillation's at most 50
                }
                Sampler sampler = Samplers.create(config, name, steps);

                int calls = sampler.steps();
                assertThat(calls)
                        .as(name + spacing)
                        .isEqualTo(Samplers.calls(name).of(steps));
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
    @ValueSource(
            strings = {
                "",
                "DDIM",
                "plms",
                "ddim:eta=2",
                "ddim:eta=.",
                "ddim:eta=",
                "euler:eta=1",
                "ddim:schedule=karras",
                "euler_karras:schedule=beta",
                "euler:schedule=lu"
            })
    void anUnknownSamplerIsRefused(String name) {
        assertThatThrownBy(() -> SamplerSpec.parse(name)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void ddimTakesItsEta() {
        assertThat(SamplerSpec.parse("ddim")).isEqualTo(SamplerSpec.of("ddim"));
        assertThat(SamplerSpec.parse("ddim:eta=0.5"))
                .isEqualTo(new SamplerSpec("ddim", Optional.empty(), Optional.of(0.5f)));
    }

    @Test
    void aSamplerTakesTheSchedulesOfItsClass() {
        assertThat(SamplerSpec.parse("dpmpp_2m:schedule=exponential"))
                .isEqualTo(new SamplerSpec("dpmpp_2m", Optional.of(SigmaSpacing.EXPONENTIAL), Optional.empty()));
        assertThatThrownBy(() -> SamplerSpec.parse("euler:schedule=moon")).hasMessageContainingAll("moon", "karras");
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
                "LMSDiscreteScheduler | {} | lms",
                "HeunDiscreteScheduler | {\"use_karras_sigmas\": true} | heun",
                "KDPM2DiscreteScheduler | {} | kdpm2",
                "KDPM2AncestralDiscreteScheduler | {} | kdpm2_ancestral",
                "DEISMultistepScheduler | {\"algorithm_type\": \"deis\"} | deis",
                "UniPCMultistepScheduler | {\"solver_order\": 3} | unipc",
                "DPMSolverSinglestepScheduler | {} | dpmpp_2s",
                "DPMSolverSinglestepScheduler | {\"solver_order\": 3} | dpmpp_3s",
                "DPMSolverSinglestepScheduler | {\"solver_order\": 1} | dpmsolver_singlestep",
                "EulerAncestralDiscreteScheduler | {\"use_karras_sigmas\": true, \"use_beta_sigmas\": true} | euler_ancestral",
                "DPMSolverMultistepScheduler | {\"solver_order\": 2, \"flow_shift\": 3.0} | dpmpp_2m",
                "DPMSolverMultistepScheduler | {\"use_karras_sigmas\": true} | dpmpp_2m_karras",
                "PNDMScheduler | {} | pndm_prk",
                "EulerDiscreteScheduler | {\"use_beta_sigmas\": true, \"timestep_type\": \"continuous\"} | euler",
                "DPMSolverMultistepScheduler | {\"solver_order\": 3} | dpmpp_3m",
                "DPMSolverMultistepScheduler | {\"solver_order\": 3, \"use_lu_lambdas\": true} | dpmpp_3m",
                "DPMSolverMultistepScheduler | {\"algorithm_type\": \"sde-dpmsolver++\", \"use_karras_sigmas\": true} | dpmpp_2m_sde",
                "DPMSolverMultistepScheduler | {\"solver_order\": 1} | dpmsolver_multistep",
                "DPMSolverMultistepScheduler | {\"algorithm_type\": \"deis\", \"final_sigmas_type\": \"sigma_min\"} | dpmpp_2m",
                "DPMSolverMultistepScheduler | {\"use_flow_sigmas\": true, \"prediction_type\": \"flow_prediction\"} | dpmpp_2m",
                "DDIMScheduler | {\"predict_epsilon\": false, \"prediction_type\": \"sample\"} | ddim",
                "DPMSolverMultistepScheduler | {\"new_key\": false, \"newer_key\": null, \"_note\": \"x\"} | dpmpp_2m",
            })
    void theDefaultIsTheModelsOwn(String className, String keys, String name) throws IOException {
        assertThat(Samplers.defaultName(config(className, keys))).isEqualTo(name);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "PNDMScheduler | {\"skip_prk_steps\": true, \"prediction_type\": \"sample\"} | prediction_type: unsupported value sample",
                "PNDMScheduler | {\"prediction_type\": \"sample\"} | prediction_type: unsupported value sample",
                "DPMSolverMultistepScheduler | {\"solver_order\": 0} | solver_order",
                "DPMSolverMultistepScheduler | {\"algorithm_type\": \"dpmsolver\"} | dpmsolver with final_sigmas_type zero",
                "DPMSolverMultistepScheduler | {\"algorithm_type\": \"deis\"} | deis with final_sigmas_type zero",
                "DPMSolverMultistepScheduler | {\"algorithm_type\": \"sde-dpmsolver\", \"final_sigmas_type\": \"sigma_min\", \"solver_order\": 3} | 3 with algorithm_type sde-dpmsolver",
                "DPMSolverMultistepScheduler | {\"algorithm_type\": \"dpmsolver\", \"final_sigmas_type\": \"sigma_min\", \"use_flow_sigmas\": true, \"prediction_type\": \"flow_prediction\"} | prediction_type",
                "DPMSolverMultistepScheduler | {\"use_karras_sigmas\": true, \"use_beta_sigmas\": true} | use_beta_sigmas",
                "EulerAncestralDiscreteScheduler | {\"prediction_type\": \"sample\"} | prediction_type: unsupported value sample",
                "DDPMScheduler | {\"variance_type\": \"fixed_large_log\"} | variance_type",
                "DDIMScheduler | {\"beta_schedule\": \"sigmoid\"} | beta_schedule",
                "DPMSolverMultistepScheduler | {\"prediction_type\": \"flow_prediction\"} | prediction_type",
                "EulerDiscreteScheduler | {\"use_lunar_sigmas\": true} | use_lunar_sigmas: Weir does not know this key",
                "DDIMScheduler | {\"predict_epsilon\": false} | predict_epsilon: unsupported value false",
                "DDIMScheduler | {\"predict_epsilon\": 0, \"prediction_type\": \"sample\"} | predict_epsilon: unsupported value 0",
                "DDIMScheduler | {\"tensor_format\": \"jax\"} | tensor_format: unsupported value jax",
                "HeunDiscreteScheduler | {\"beta_schedule\": \"sigmoid\"} | beta_schedule",
                "LMSDiscreteScheduler | {\"prediction_type\": \"flow_prediction\"} | prediction_type",
                "KDPM2DiscreteScheduler | {\"prediction_type\": \"sample\"} | prediction_type",
                "KDPM2AncestralDiscreteScheduler | {\"prediction_type\": \"sample\"} | prediction_type",
                "DEISMultistepScheduler | {\"algorithm_type\": \"sde-dpmsolver++\"} | algorithm_type",
                "UniPCMultistepScheduler | {\"predict_x0\": false} | predict_x0: unsupported value false with",
                "UniPCMultistepScheduler | {\"solver_type\": \"bh1\"} | solver_type: unsupported value bh1 with",
                "UniPCMultistepScheduler | {\"lower_order_final\": false} | lower_order_final",
                "UniPCMultistepScheduler | {\"solver_p\": {}} | solver_p",
                "DPMSolverSinglestepScheduler | {\"algorithm_type\": \"sde-dpmsolver\", \"final_sigmas_type\": \"sigma_min\"} | algorithm_type",
                "DPMSolverSinglestepScheduler | {\"algorithm_type\": \"dpmsolver\", \"final_sigmas_type\": \"sigma_min\", \"thresholding\": true} | thresholding",
                "DPMSolverSDEScheduler | {} | DPMSolverSDEScheduler is not available",
                "FlowMatchLCMScheduler | {\"scale_factors\": [0.5]} | scale_factors",
                "SASolverScheduler | {\"predictor_order\": 5} | predictor_order: unsupported value 5",
                "SASolverScheduler | {\"tau_func\": \"tau\"} | tau_func",
                "SASolverScheduler | {\"algorithm_type\": \"noise_prediction\", \"thresholding\": true} | thresholding",
                "SASolverScheduler | {\"prediction_type\": \"flow_prediction\"} | flow_prediction without use_flow_sigmas",
                "LCMScheduler | {\"original_inference_steps\": 2000} | original_inference_steps",
                "EDMEulerScheduler | {\"prediction_type\": \"sample\"} | prediction_type",
                "EDMDPMSolverMultistepScheduler | {\"algorithm_type\": \"sde-dpmsolver++\", \"solver_order\": 3} | solver_order",
                "EDMDPMSolverMultistepScheduler | {\"algorithm_type\": \"deis\"} | deis with final_sigmas_type zero",
                "FlowMatchEulerDiscreteScheduler | {\"use_karras_sigmas\": true, \"use_beta_sigmas\": true} | use_beta_sigmas",
                "FlowMatchEulerDiscreteScheduler | {\"time_shift_type\": \"cubic\", \"use_dynamic_shifting\": true} | time_shift_type",
                "UnCLIPScheduler | {\"beta_schedule\": \"linear\"} | beta_schedule",
                "UnCLIPScheduler | {\"prediction_type\": \"v_prediction\"} | prediction_type",
                "ScoreSdeVeScheduler | {\"correct_steps\": 3} | ScoreSdeVeScheduler is not available",
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
        SchedulerConfig config = config("MagicScheduler", "{\"thresholding\": true, \"prediction_type\": \"sample\"}");

        assertThat(Samplers.available(config))
                .contains("ddim", "euler", "dpmpp_2m")
                .doesNotContain("pndm", "pndm_prk", "euler_ancestral");
        assertThatThrownBy(() -> Samplers.defaultName(config))
                .hasMessageEndingWith("available: " + String.join(", ", Samplers.available(config)));
        assertThatThrownBy(() -> Samplers.create(config, "pndm", 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("pndm is not available", "prediction_type", "euler_karras");
    }

    @Test
    void aChoiceSaysWhichSchedulesFitTheFile() throws IOException {
        assertThat(Samplers.choices(config("{}"), MOST_STEPS))
                .contains(
                        new Samplers.Choice("ddim", List.of(), true, Calls.ONE_A_STEP, 1, 1000, false),
                        new Samplers.Choice("pndm", List.of(), false, new Calls(1, 1), 1, 1000, false),
                        new Samplers.Choice(
                                "euler",
                                Stream.concat(Stream.of("normal", "karras", "exponential", "beta"), COMFYUI.stream())
                                        .toList(),
                                false,
                                Calls.ONE_A_STEP,
                                1,
                                1000,
                                false),
                        new Samplers.Choice("lcm", COMFYUI, false, Calls.ONE_A_STEP, 1, 50, true),
                        new Samplers.Choice("euler_karras", List.of(), false, Calls.ONE_A_STEP, 1, 1000, false));
        assertThat(Samplers.choices(
                        config("{\"use_flow_sigmas\": true, \"prediction_type\": \"flow_prediction\"}"), MOST_STEPS))
                .contains(new Samplers.Choice("dpmpp_2m", List.of("normal"), false, Calls.ONE_A_STEP, 1, 1000, false));
    }

    /** A card's bounds are those that a run has: one step more or less is refused. */
    @ParameterizedTest
    @ValueSource(
            strings = {"{}", "{\"steps_offset\": 1, \"timestep_spacing\": \"leading\"}", "{\"num_train_timesteps\": 40}"
            })
    void aChoiceSaysHowManyStepsARunMayHave(String keys) throws IOException {
        SchedulerConfig config = config(keys);
        for (Samplers.Choice choice : Samplers.choices(config, MOST_STEPS)) {
            assertThat(Samplers.create(config, choice.name(), choice.leastSteps()))
                    .isNotNull();
            assertThat(Samplers.create(config, choice.name(), choice.mostSteps()))
                    .isNotNull();
            assertThatThrownBy(() -> Samplers.create(config, choice.name(), choice.leastSteps() - 1))
                    .isInstanceOf(IllegalArgumentException.class);
            if (choice.mostSteps() < MOST_STEPS) {
                assertThatThrownBy(() -> Samplers.create(config, choice.name(), choice.mostSteps() + 1))
                        .isInstanceOf(IllegalArgumentException.class);
            }
        }
    }

    @Test
    void fewStepSamplersAndTheLeadingOffsetBoundTheSteps() throws IOException {
        assertThat(bounds(config("{}"), "lcm")).containsExactly(1, 50);
        assertThat(bounds(config("{}"), "pndm_prk")).containsExactly(4, 1000);
        assertThat(bounds(config("{\"steps_offset\": 1, \"timestep_spacing\": \"leading\"}"), "ddim"))
                .containsExactly(1, 999);
    }

    private static List<Integer> bounds(SchedulerConfig config, String sampler) {
        return Samplers.choices(config, MOST_STEPS).stream()
                .filter(choice -> choice.name().equals(sampler))
                .flatMap(choice -> Stream.of(choice.leastSteps(), choice.mostSteps()))
                .toList();
    }

    @Test
    void aKeyThatNoSchedulerKnowsFitsNoSampler() throws IOException {
        SchedulerConfig config = config("DDIMScheduler", "{\"use_lunar_sigmas\": true}");

        assertThat(Samplers.available(config)).isEmpty();
        assertThatThrownBy(() -> Samplers.defaultName(config)).hasMessageContaining("no other sampler fits");
    }

    @ParameterizedTest
    @CsvSource({"DDPMScheduler,learned,ddpm", "DDPMScheduler,learned_range,ddpm", "UnCLIPScheduler,learned_range,unclip"
    })
    void aNetworkThatPredictsNoVarianceMakesNoPictureWhereOneIsNeeded(String scheduler, String type, String name)
            throws IOException {
        Sampler sampler = Samplers.create(config(scheduler, "{\"variance_type\": \"%s\"}".formatted(type)), name, 3);
        SamplerState state = SamplerState.start(new float[] {1, -1});

        assertThat(Finite.all(advance(sampler, state, 4).next().sample())).isTrue();
        assertThat(Finite.all(advance(sampler, state, 2).next().sample())).isFalse();
    }

    private static Sampler.Advance advance(Sampler sampler, SamplerState state, int outputs) {
        return sampler.advance(state, new float[outputs], count -> new float[] {1, 1});
    }

    @Test
    void everyKeyOfDiffusersIsKnown() {
        SchedulerConfig config = new SchedulerConfig(
                Path.of("scheduler_config.json"), "DDIMScheduler", JsonNodeFactory.instance.objectNode());

        for (JsonNode key : ReferenceFile.json("samplers/keys.json")) {
            SchedulerKeys keys = config.keysWith(Map.of(key.textValue(), BooleanNode.TRUE));
            assertThatCode(keys::requireKnown).as(key.textValue()).doesNotThrowAnyException();
        }
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
