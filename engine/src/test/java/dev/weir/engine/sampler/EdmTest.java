package dev.weir.engine.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.weir.engine.noise.TorchGenerator;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EdmTest {

    /** A run that ends at sigma_min ends with a step without length. diffusers divides by the length and gets NaN. */
    @ParameterizedTest
    @CsvSource({"2,heun,dpmsolver++", "3,midpoint,dpmsolver++", "3,heun,dpmsolver++", "2,heun,sde-dpmsolver++"})
    void aStepWithoutLengthLeavesTheSampleAsItIs(int order, String solver, String algorithm) {
        var keys = JsonNodeFactory.instance
                .objectNode()
                .put("solver_order", order)
                .put("solver_type", solver)
                .put("algorithm_type", algorithm)
                .put("lower_order_final", false)
                .put("final_sigmas_type", "sigma_min");
        var config = new SchedulerConfig(Path.of("scheduler_config.json"), "EDMDPMSolverMultistepScheduler", keys);
        Sampler sampler = Samplers.create(config, "edm_dpm_multistep", 6);
        TorchGenerator noise = new TorchGenerator(3);
        SamplerState state = SamplerState.start(noise.normal(24));
        SamplerState before = state;
        while (state.step() < sampler.steps()) {
            before = state;
            state = sampler.advance(state, noise.normal(24), noise).next();
        }

        assertThat(state.sample()).containsExactly(before.sample(), within(1e-6f));
    }
}
