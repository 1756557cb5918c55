package dev.weir.engine.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** A sampler runs only networks that were trained on its own process. */
class ProcessTest {

    @Test
    void aDiffusionModelIsOfferedNoSamplerOfAnotherProcess() {
        assertThat(Samplers.available(config("PNDMScheduler", keys())))
                .contains("pndm", "euler", "lcm", "tcd", "sa_solver")
                .doesNotContain(
                        "edm_euler", "flow_euler", "unclip", "consistency", "score_sde_ve", "wuerstchen", "pvd");
    }

    @Test
    void aFlowIsOfferedTheSamplersOfFlows() {
        assertThat(Samplers.available(config("FlowMatchEulerDiscreteScheduler", keys())))
                .containsExactly("flow_euler", "flow_lcm", "flow_heun", "flow_dpmpp_2m", "flow_res_multistep");
    }

    @Test
    void aRefusalNamesTheSamplerAndTheModelsScheduler() {
        SchedulerConfig flow = config("FlowMatchEulerDiscreteScheduler", keys());

        assertThatThrownBy(() -> Samplers.create(flow, "euler", 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(
                        "sampler euler does not fit networks for FlowMatchEulerDiscreteScheduler", "flow_heun");
    }

    @Test
    void aShiftByThePicturesSizeNeedsIt() {
        SchedulerConfig flow = config("FlowMatchEulerDiscreteScheduler", keys().put("use_dynamic_shifting", true));
        SamplerSpec euler = SamplerSpec.of("flow_euler");

        assertThatThrownBy(() -> Samplers.create(flow, euler, Span.whole(5)))
                .hasMessageContaining("use_dynamic_shifting depends on the picture's size");
        assertThat(Samplers.create(flow, euler, Span.whole(5), OptionalInt.of(4096))
                        .timestep(2))
                .isGreaterThan(Samplers.create(flow, euler, Span.whole(5), OptionalInt.of(256))
                        .timestep(2));
    }

    @Test
    void methodsThatNeedTwoStepsRefuseOne() {
        assertThatThrownBy(() -> Samplers.create(config("UnCLIPScheduler", keys()), "unclip", 1))
                .hasMessageContaining("2 steps or more");
        assertThatThrownBy(() -> Samplers.create(config("ScoreSdeVeScheduler", keys()), "score_sde_ve", 1))
                .hasMessageContaining("2 steps or more");
    }

    private static ObjectNode keys() {
        return JsonNodeFactory.instance.objectNode();
    }

    private static SchedulerConfig config(String className, ObjectNode keys) {
        return new SchedulerConfig(Path.of("scheduler_config.json"), className, keys);
    }
}
