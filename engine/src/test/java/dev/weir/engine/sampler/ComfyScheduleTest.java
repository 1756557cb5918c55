package dev.weir.engine.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.noise.TorchGenerator;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs by ComfyUI's schedules and samplers: all that {@code tools/reference/comfy_schedules.py} recorded. */
class ComfyScheduleTest {

    static final int SIZE = 12;
    private static final double TOLERANCE = 1e-4;
    private static final ReferenceFile TENSORS = ReferenceFile.open("samplers/comfyui.safetensors");
    /** Weir's names of the samplers whose names differ. */
    private static final Map<String, String> NAMES = Map.of("dpm_2", "kdpm2", "dpm_2_ancestral", "kdpm2_ancestral");

    private record Case(JsonNode json) {

        private String text(String key) {
            return json.get(key).asText();
        }

        Sampler sampler() {
            ObjectNode keys = new ObjectMapper().createObjectNode();
            boolean scaled = text("beta_schedule").equals("scaled_linear");
            keys.put("beta_schedule", text("beta_schedule"))
                    .put("beta_start", 0.00085)
                    .put("beta_end", 0.012)
                    .put("prediction_type", text("prediction_type"))
                    // As the files of Stable Diffusion have them. They change nothing of these schedules.
                    .put("timestep_spacing", scaled ? "leading" : "trailing")
                    .put("steps_offset", 1);
            String name = NAMES.getOrDefault(text("sampler"), text("sampler"));
            SamplerSpec spec = new SamplerSpec(
                    name, Optional.of(SigmaSpacing.named("comfyui_" + text("scheduler"))), Optional.empty());
            int steps = json.get("steps").intValue();
            double strength = 1 - json.get("begin").intValue() / (double) steps;
            return Samplers.create(
                    new SchedulerConfig(Path.of("scheduler_config.json"), "", keys),
                    spec,
                    Span.ofStrength(steps, strength));
        }

        float[] recorded(String tensor) {
            return TENSORS.floats(text("name") + "/" + tensor);
        }

        float[] row(String tensor, int index) {
            return Arrays.copyOfRange(recorded(tensor), index * SIZE, (index + 1) * SIZE);
        }
    }

    static Stream<Named<Case>> runs() {
        return StreamSupport.stream(ReferenceFile.json("samplers/comfyui.json").spliterator(), false)
                .map(json -> Named.of(json.toString(), new Case(json)));
    }

    /** DPM-Solver's samples have another variance, so what the network sees is compared, and the clean end. */
    @ParameterizedTest
    @MethodSource("runs")
    void everyCallIsComfyuis(Case run) {
        Sampler sampler = run.sampler();
        float[] timesteps = run.recorded("timesteps");
        TorchGenerator generator = new TorchGenerator(run.json().get("seed").longValue());
        float[] fresh = generator.normal(SIZE);
        float[] first = run.json().get("image").booleanValue()
                ? sampler.start(clean(), fresh)
                : Floats.scale(sampler.initialNoiseScale(), fresh);
        SamplerState state = SamplerState.start(first);

        assertThat(sampler.steps()).isEqualTo(timesteps.length);
        for (int step = 0; step < timesteps.length; step++) {
            assertThat(sampler.timestep(step)).as("timestep %d", step).isEqualTo(timesteps[step]);
            float[] input = sampler.scaleInput(step, state.sample());
            requireClose("input " + step, input, run.row("inputs", step));
            Sampler.Advance advance = sampler.advance(state, said(input, timesteps[step]), generator);
            requireClose("x0 " + step, advance.predictedOriginal(), run.row("x0", step));
            state = advance.next();
        }
        requireClose("result", state.sample(), run.recorded("result"));
    }

    static float[] clean() {
        float[] clean = new float[SIZE];
        for (int i = 0; i < SIZE; i++) {
            clean[i] = (float) Math.cos(0.9f * i + 0.7f);
        }
        return clean;
    }

    static float[] said(float[] input, float timestep) {
        float share = (float) (0.6 * Math.cos(3 * (double) timestep / 1000));
        float[] said = new float[SIZE];
        for (int i = 0; i < SIZE; i++) {
            said[i] = 0.4f * input[i] + share * (float) Math.sin(1.7f * i + 0.3f);
        }
        return said;
    }

    static void requireClose(String what, float[] ours, float[] theirs) {
        assertThat(ours).as(what).hasSameSizeAs(theirs);
        double scale = 1;
        for (float value : theirs) {
            scale = Math.max(scale, Math.abs(value));
        }
        for (int i = 0; i < ours.length; i++) {
            assertThat((double) ours[i]).as(what).isCloseTo(theirs[i], within(TOLERANCE * scale));
        }
    }
}
