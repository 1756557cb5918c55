package dev.weir.engine.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.noise.TorchGenerator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs of every scheduler class beside diffusers', and from the middle on: all that {@code tools/reference/schedulers.py} recorded. */
class SchedulerTrajectoryTest {

    private static final int SIZE = 12;
    private static final float[] PATTERN = new float[SIZE];
    private static final float[] CLEAN = new float[SIZE];
    private static final long NOISE_SEED = 77;
    private static final double TOLERANCE = 1e-4;

    static {
        for (int i = 0; i < SIZE; i++) {
            PATTERN[i] = (float) Math.sin(1.7f * i + 0.3f);
            CLEAN[i] = (float) Math.cos(0.9f * i + 0.7f);
        }
    }

    /** A recorded run and its tensors. */
    private record Case(ReferenceFile tensors, JsonNode json) {

        String name() {
            return json.get("name").asText();
        }

        SchedulerConfig config() {
            ObjectNode keys = (ObjectNode) json.get("scheduler_config");
            return new SchedulerConfig(
                    Path.of("scheduler_config.json"), keys.get("_class_name").asText(), keys);
        }

        Sampler sampler() {
            Optional<Float> eta =
                    json.hasNonNull("eta") ? Optional.of(json.get("eta").floatValue()) : Optional.empty();
            Span span = new Span(
                    json.get("steps").intValue(),
                    json.get("strength").doubleValue(),
                    StrengthCount.WHOLE_STEPS,
                    json.get("start").doubleValue(),
                    json.get("end").doubleValue());
            SchedulerConfig config = config();
            return Samplers.create(config, new SamplerSpec(Samplers.defaultName(config), Optional.empty(), eta), span);
        }

        boolean learned() {
            return json.get("scheduler_config").path("variance_type").asText().startsWith("learned");
        }

        float[] recorded(String tensor) {
            return tensors.floats(name() + "/" + tensor);
        }

        float[] row(String tensor, int index) {
            return Arrays.copyOfRange(recorded(tensor), index * SIZE, (index + 1) * SIZE);
        }
    }

    static Stream<Named<Case>> runs() throws IOException {
        try (Stream<Path> files = Files.list(ReferenceFile.path("schedulers"))) {
            return files
                    .map(file -> file.getFileName().toString())
                    .filter(file -> file.endsWith(".json"))
                    .sorted()
                    .toList()
                    .stream()
                    .flatMap(SchedulerTrajectoryTest::runs);
        }
    }

    private static Stream<Named<Case>> runs(String file) {
        String name = file.replace(".json", "");
        ReferenceFile tensors = ReferenceFile.open("schedulers/" + name + ".safetensors");
        return StreamSupport.stream(ReferenceFile.json("schedulers/" + file).spliterator(), false)
                .map(json -> Named.of(name + "/" + json.get("name").asText(), new Case(tensors, json)));
    }

    @ParameterizedTest
    @MethodSource("runs")
    void everyStepIsTheReferences(Case run) {
        Sampler sampler = run.sampler();
        float[] timesteps = run.recorded("timesteps");
        float[] samples = run.recorded("samples");
        TorchGenerator noise = new TorchGenerator(run.json().get("seed").longValue());
        TorchGenerator otherNoise = new TorchGenerator(NOISE_SEED);
        boolean image = run.tensors().has(run.name() + "/noised");

        assertThat(sampler.steps()).isEqualTo(timesteps.length);
        requireClose(
                "scale",
                new float[] {sampler.initialNoiseScale()},
                new float[] {run.json().get("init_noise_sigma").floatValue()},
                1e-6);
        float[] fresh = noise.normal(SIZE);
        float[] first = image ? sampler.addNoise(0, CLEAN, fresh) : Floats.scale(sampler.initialNoiseScale(), fresh);
        requireClose("first sample", first, run.row("samples", 0), 2e-6);
        // Runs that start at a sigma of thousands magnify the last bit of a number: they start from the very same ones.
        SamplerState state = SamplerState.start(run.row("samples", 0));
        for (int step = 0; step < timesteps.length; step++) {
            requireClose(
                    "timestep " + step,
                    new float[] {sampler.timestep(step)},
                    new float[] {timesteps[step]},
                    timesteps[step] < 100 ? TOLERANCE : 2e-6);
            if (image) {
                float[] noised = sampler.addNoise(step, CLEAN, otherNoise.normal(SIZE));
                requireClose("noised " + step, noised, run.row("noised", step), TOLERANCE);
            }
            Sampler.Advance advance = advance(run, sampler, state, noise);
            state = advance.next();
            if (run.tensors().has(run.name() + "/x0")) {
                requireClose("x0 " + step, advance.predictedOriginal(), run.row("x0", step), TOLERANCE);
            }
            requireClose("sample " + step, state.sample(), run.row("samples", step + 1), TOLERANCE);
            assertThat(state.step()).isEqualTo(step + 1);
        }
        assertThat(samples).hasSize((timesteps.length + 1) * SIZE);
    }

    /** The state and the position in the noise are all that travels in a checkpoint. */
    @ParameterizedTest
    @MethodSource("runs")
    void aRunThatGoesOnElsewhereFromAnyStepEndsInTheSameBits(Case run) {
        Sampler sampler = run.sampler();
        TorchGenerator noise = new TorchGenerator(run.json().get("seed").longValue());
        SamplerState state = SamplerState.start(noise.normal(SIZE));
        float[] undisturbed = finish(run, sampler, state, new TorchGenerator(noise.position()));

        for (int step = 0; step < sampler.steps(); step++) {
            state = advance(run, sampler, state, noise).next();
            float[] resumed = finish(run, run.sampler(), travelled(state), new TorchGenerator(noise.position()));
            assertThat(resumed).as("from step %d", step + 1).containsExactly(undisturbed);
        }
    }

    private static float[] finish(Case run, Sampler sampler, SamplerState from, TorchGenerator noise) {
        SamplerState state = from;
        while (state.step() < sampler.steps()) {
            state = advance(run, sampler, state, noise).next();
        }
        return state.sample();
    }

    private static Sampler.Advance advance(Case run, Sampler sampler, SamplerState state, TorchGenerator noise) {
        float[] input = sampler.scaleInput(state.step(), state.sample());
        return sampler.advance(state, output(run, input, sampler.timestep(state.step())), noise);
    }

    private static SamplerState travelled(SamplerState state) {
        Map<String, float[]> memory = new HashMap<>();
        state.memory().forEach((name, values) -> memory.put(name, travelled(values)));
        return new SamplerState(state.step(), travelled(state.sample()), memory);
    }

    private static float[] travelled(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES);
        bytes.asFloatBuffer().put(values);
        float[] arrived = new float[values.length];
        bytes.asFloatBuffer().get(arrived);
        return arrived;
    }

    /** What the reference's fake model says; half of it is the variance where the model learns one. */
    private static float[] output(Case run, float[] input, float timestep) {
        float[] output = new float[run.learned() ? 2 * SIZE : SIZE];
        float share = (float) (0.6 * Math.cos(3 * (double) timestep / 1000));
        for (int i = 0; i < SIZE; i++) {
            output[i] = 0.4f * input[i] + share * PATTERN[i];
            if (run.learned()) {
                output[SIZE + i] = 0.9f * Math.abs(PATTERN[i]);
            }
        }
        return output;
    }

    private static void requireClose(String what, float[] ours, float[] theirs, double tolerance) {
        assertThat(ours).as(what).hasSameSizeAs(theirs);
        double scale = 1;
        for (float value : theirs) {
            scale = Math.max(scale, Math.abs(value));
        }
        for (int i = 0; i < ours.length; i++) {
            assertThat((double) ours[i]).as(what).isCloseTo(theirs[i], within(tolerance * scale));
        }
    }
}
