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

            assertThat(sampler.steps()).isEqualTo(20);
            assertThat(sampler.initialNoiseScale()).isFinite().isPositive();
            for (int step = 1; step < 20; step++) {
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

                assertThat(sampler.steps()).as(name + spacing).isEqualTo(steps);
                assertThat(sampler.timestep(0)).isLessThan(1000);
                assertThat(sampler.timestep(steps - 1)).isNotNegative();
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
    @CsvSource({
        "DDPMScheduler, false, ddpm",
        "DDIMScheduler, false, ddim",
        "DDIMScheduler, true, ddim",
        "PNDMScheduler, false, ddim",
        "EulerDiscreteScheduler, false, euler",
        "EulerDiscreteScheduler, true, euler_karras",
        "HeunDiscreteScheduler, true, euler_karras",
        "EulerAncestralDiscreteScheduler, true, euler_ancestral",
        "DPMSolverMultistepScheduler, false, dpmpp_2m",
        "DPMSolverMultistepScheduler, true, dpmpp_2m_karras",
        "UniPCMultistepScheduler, false, dpmpp_2m",
    })
    void theDefaultIsTheModelsOwnOrTheNearest(String className, boolean karras, String name) throws IOException {
        SchedulerConfig config =
                config("{\"_class_name\": \"%s\", \"use_karras_sigmas\": %s}".formatted(className, karras));

        assertThat(Samplers.defaultName(config)).isEqualTo(name);
    }

    @Test
    void aModelThatNoSamplerFitsIsRefused() throws IOException {
        SchedulerConfig config = config("{\"_class_name\": \"FlowMatchEulerDiscreteScheduler\"}");

        assertThatThrownBy(() -> Samplers.defaultName(config))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("_class_name")
                .hasMessageContaining("FlowMatchEulerDiscreteScheduler");
    }

    @Test
    void samplersWithoutNoiseDrawNone() throws IOException {
        for (String name : new String[] {"ddim", "euler", "euler_karras", "dpmpp_2m", "dpmpp_2m_karras"}) {
            Sampler sampler = Samplers.create(config("{}"), name, 3);
            SamplerState state = SamplerState.start(new float[] {1, -1});
            for (int step = 0; step < 3; step++) {
                state = sampler.advance(state, new float[] {0.5f, 0.5f}, count -> {
                            throw new AssertionError(name + " draws noise");
                        })
                        .next();
            }
            assertThat(state.step()).isEqualTo(3);
        }
    }

    private SchedulerConfig config(String json) throws IOException {
        Path file = folder.resolve("scheduler_config.json");
        Files.writeString(file, json);
        return SchedulerConfig.read(file);
    }
}
