package dev.weir.engine.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ModelException;
import dev.weir.engine.noise.TorchGenerator;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What previews show: of a network that knows the clean sample, every scheduler tells that sample at every call. */
class PredictedOriginalTest {

    private static final int STEPS = 6;
    /** Their predictors do not come near the end in few steps. */
    private static final Set<NoisingProcess> MANY_STEPS =
            EnumSet.of(NoisingProcess.VARIANCE_EXPLODING, NoisingProcess.VARIANCE_PRESERVING);

    private static final float SIGMA_DATA = 0.5f;
    private static final float LEAST_SIGMA = 0.002f; // of the consistency schedulers

    private static final float[] CLEAN = new float[24];

    static {
        for (int i = 0; i < CLEAN.length; i++) {
            CLEAN[i] = (float) Math.sin(1.7 * i);
        }
    }

    record Case(SchedulerType type, String name, String prediction, SchedulerConfig config) {

        @Override
        public String toString() {
            return name + " " + prediction;
        }
    }

    static List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (SchedulerType type : SchedulerTypes.ALL) {
            for (String name : SchedulerTypes.names(type)) {
                int before = cases.size();
                for (String prediction : List.of("epsilon", "v_prediction", "sample")) {
                    ObjectNode keys = JsonNodeFactory.instance
                            .objectNode()
                            .put("prediction_type", prediction)
                            .put("clip_sample", false);
                    if (type.process() == NoisingProcess.POINT_VOXEL) {
                        keys.put("num_train_timesteps", STEPS); // of which it skips none
                    }
                    var config = new SchedulerConfig(Path.of("scheduler_config.json"), type.className(), keys);
                    if (isComputed(config, name)) {
                        cases.add(new Case(type, name, prediction, config));
                    }
                }
                assertThat(cases).as(name).hasSizeGreaterThan(before);
            }
        }
        return cases;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void isTheCleanSampleAtEveryCall(Case one) {
        Sampler sampler = Samplers.create(one.config(), one.name(), STEPS);
        TorchGenerator noise = new TorchGenerator(1);
        float[] first = noise.normal(CLEAN.length);
        SamplerState state = SamplerState.start(Floats.mix(sampler.initialNoiseScale(), first, 0, first));
        for (int call = 0; call < sampler.steps(); call++) {
            Sampler.Advance advance = sampler.advance(state, output(one, sampler, state), noise);

            assertThat(advance.predictedOriginal()).as("call %d", call).containsExactly(CLEAN, within(2e-3f));
            state = advance.next();
        }
        if (!MANY_STEPS.contains(one.type().process())) {
            assertThat(state.sample()).as("the end").containsExactly(CLEAN, within(0.15f));
        }
    }

    private static boolean isComputed(SchedulerConfig config, String name) {
        try {
            Samplers.scheduler(config, SamplerSpec.of(name));
            return true;
        } catch (ModelException e) {
            return false;
        }
    }

    /** What a perfect network answers for a sample {@code signal clean + spread noise}. */
    private static float[] output(Case one, Sampler sampler, SamplerState state) {
        float[] ones = new float[CLEAN.length];
        float[] zeros = new float[CLEAN.length];
        Arrays.fill(ones, 1);
        float signal = sampler.addNoise(state.step(), ones, zeros)[0];
        float spread = sampler.addNoise(state.step(), zeros, ones)[0];
        float[] sample = state.sample();
        float scale = sampler.scaleInput(state.step(), ones)[0];
        if (sampler.order() == 2 && one.type().process() == NoisingProcess.DIFFUSION) {
            spread = Floats.sqrt(1 / (scale * scale) - 1); // a clean sample is never put between two levels
        }
        float[] noise = Floats.mix(1 / spread, sample, -signal / spread, CLEAN);
        return switch (one.type().process()) {
            case FLOW -> Floats.mix(1, noise, -1, CLEAN);
            case EDM -> edm(one.prediction(), spread, sample);
            case CONSISTENCY -> consistency(spread, sample);
            case VARIANCE_EXPLODING -> Floats.mix(-1 / spread, noise, 0, noise);
            case VARIANCE_PRESERVING, WUERSTCHEN, POINT_VOXEL -> noise;
            case DIFFUSION, UNCLIP ->
                switch (one.prediction()) {
                    case "epsilon" -> noise;
                    case "v_prediction" -> Floats.mix(signal * scale, noise, -spread * scale, CLEAN);
                    default -> CLEAN;
                };
        };
    }

    private static float[] edm(String prediction, float sigma, float[] sample) {
        float variance = sigma * sigma + SIGMA_DATA * SIGMA_DATA;
        float sampleShare = SIGMA_DATA * SIGMA_DATA / variance;
        float outputShare = sigma * SIGMA_DATA / Floats.sqrt(variance) * (prediction.equals("epsilon") ? 1 : -1);
        return Floats.mix(1 / outputShare, CLEAN, -sampleShare / outputShare, sample);
    }

    private static float[] consistency(float sigma, float[] sample) {
        float above = sigma - LEAST_SIGMA;
        float data = SIGMA_DATA * SIGMA_DATA;
        float sampleShare = data / (above * above + data);
        float outputShare = above * SIGMA_DATA / Floats.sqrt(sigma * sigma + data);
        return Floats.mix(1 / outputShare, CLEAN, -sampleShare / outputShare, sample);
    }
}
