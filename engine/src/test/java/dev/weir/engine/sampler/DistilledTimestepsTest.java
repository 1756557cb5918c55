package dev.weir.engine.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DistilledTimestepsTest {

    private static final SchedulerConfig CONFIG = new SchedulerConfig(
            Path.of("scheduler_config.json"), "LCMScheduler", JsonNodeFactory.instance.objectNode());

    @ParameterizedTest
    @ValueSource(strings = {"lcm", "tcd"})
    void aScheduleLaidOutForAStrengthRunsAllSteps(String name) {
        Sampler sampler =
                Samplers.create(CONFIG, SamplerSpec.of(name), Span.ofStrength(4, 0.62, StrengthCount.ALL_STEPS));

        assertThat(timesteps(sampler)).containsExactly(619, 479, 319, 159);
    }

    @ParameterizedTest
    @ValueSource(strings = {"lcm", "tcd"})
    void otherwiseTheStrengthLeavesOutTheFirstSteps(String name) {
        Sampler whole = Samplers.create(CONFIG, name, 4);
        Sampler half = Samplers.create(CONFIG, SamplerSpec.of(name), Span.ofStrength(4, 0.5));

        assertThat(timesteps(whole)).containsExactly(999, 759, 499, 259);
        assertThat(timesteps(half)).containsExactly(499, 259);
    }

    @Test
    void aScheduleWithoutSuchALayoutLeavesOutTheFirstSteps() {
        Sampler cut = Samplers.create(CONFIG, SamplerSpec.of("ddim"), Span.ofStrength(4, 0.5));
        Sampler laidOut =
                Samplers.create(CONFIG, SamplerSpec.of("ddim"), Span.ofStrength(4, 0.5, StrengthCount.ALL_STEPS));

        assertThat(timesteps(laidOut)).hasSize(2).isEqualTo(timesteps(cut));
    }

    @Test
    void moreStepsThanTheDistillationHadAreRefused() {
        assertThatThrownBy(() -> Samplers.create(CONFIG, "lcm", 51)).hasMessageContaining("between 1 and 50, not 51");
        assertThatThrownBy(() -> Samplers.create(
                        CONFIG, SamplerSpec.of("lcm"), Span.ofStrength(16, 0.3, StrengthCount.ALL_STEPS)))
                .hasMessageContaining("16 steps are more than 15");
    }

    private static int[] timesteps(Sampler sampler) {
        return IntStream.range(0, sampler.steps())
                .map(step -> (int) sampler.timestep(step))
                .toArray();
    }
}
