package dev.weir.engine.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.weir.engine.noise.TorchGenerator;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PreconditionedSamplerTest {

    private static final SchedulerConfig CONFIG = new SchedulerConfig(
            Path.of("scheduler_config.json"),
            "EulerDiscreteScheduler",
            JsonNodeFactory.instance
                    .objectNode()
                    .put("prediction_type", "sample")
                    .put("clip_sample", false));
    private static final float[] ORIGINAL = {0.7f, -1.2f, 0.1f, 2};

    /** Samples of Euler's method grow with sigma, those of DDIM and DPM-Solver have unit variance. */
    @ParameterizedTest
    @ValueSource(strings = {"euler", "ddim", "dpmpp_2m"})
    void theCleanSampleComesOfTheOutputWhateverTheScaleOfTheSamples(String name) {
        Sampler whole = Samplers.create(CONFIG, name, 10);
        var sampler = new PreconditionedSampler(whole);
        for (int step = 0; step < whole.steps(); step++) {
            assertThat(sampler.timestep(step)).isCloseTo((float) (Math.log(sigma(whole, step)) / 4), within(1e-5f));
        }
        double sigma = sigma(whole, 0);
        float[] sample = whole.addNoise(0, ORIGINAL, new TorchGenerator(3).normal(ORIGINAL.length));
        float[] output = new float[sample.length];
        for (int i = 0; i < output.length; i++) {
            double kept = sample[i] / signal(whole, 0) / (sigma * sigma + 1);
            output[i] = (float) ((ORIGINAL[i] - kept) / (sigma / Math.sqrt(sigma * sigma + 1)));
        }
        var advance = sampler.advance(SamplerState.start(sample), output, count -> new float[count]);
        assertThat(advance.predictedOriginal()).containsExactly(ORIGINAL, within(1e-3f));
    }

    private static double sigma(Sampler whole, int step) {
        return whole.addNoise(step, new float[] {0}, new float[] {1})[0] / signal(whole, step);
    }

    private static double signal(Sampler whole, int step) {
        return whole.addNoise(step, new float[] {1}, new float[] {0})[0];
    }
}
