package dev.weir.engine.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.noise.TorchGenerator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole runs of every sampler beside the reference's, driven by the same made-up network and seed. */
class TrajectoryTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("samplers/samplers.safetensors");
    private static final ReferenceFile PNDM = ReferenceFile.open("samplers/pndm.safetensors");
    private static final float[] PATTERN = TENSORS.floats("pattern");
    private static final double TOLERANCE = 1e-4;

    @TempDir
    Path folder;

    static Stream<Named<JsonNode>> runs() {
        return Stream.of("samplers/samplers.json", "samplers/pndm.json")
                .flatMap(file -> StreamSupport.stream(ReferenceFile.json(file).spliterator(), false))
                .filter(run -> !isRefused(run))
                .map(run -> Named.of(run.get("name").asText(), run));
    }

    @ParameterizedTest
    @MethodSource("runs")
    void everyStepIsTheReferences(JsonNode run) throws IOException {
        String name = run.get("name").asText();
        Sampler sampler = sampler(run);
        float[] timesteps = recorded(name, "timesteps");
        int steps = timesteps.length;
        TorchGenerator drawn = new TorchGenerator(run.get("seed").longValue());

        assertThat(sampler.steps()).isEqualTo(steps);
        for (int step = 0; step < steps; step++) {
            requireClose("timestep " + step, new float[] {sampler.timestep(step)}, new float[] {timesteps[step]}, 1e-6);
        }
        float scale = run.get("init_noise_sigma").floatValue();
        requireClose("scale", new float[] {sampler.initialNoiseScale()}, new float[] {scale}, 1e-6);

        float[] first = drawn.normal(PATTERN.length);
        for (int i = 0; i < first.length; i++) {
            first[i] *= sampler.initialNoiseScale();
        }
        requireClose("first sample", first, row(name, "samples", 0), 1e-6);
        // Runs that start at a sigma of thousands magnify the last bit of a number: they start from the very same ones.
        SamplerState state = SamplerState.start(row(name, "samples", 0));
        List<Integer> drawnAt = new ArrayList<>();
        for (int step = 0; step < steps; step++) {
            float[] output = output(sampler.scaleInput(step, state.sample()), sampler.timestep(step));
            requireClose("output " + step, output, row(name, "outputs", step), TOLERANCE);
            int current = step;
            Sampler.Advance advance = sampler.advance(state, output, count -> {
                drawnAt.add(current);
                float[] expected = row(name, "noise", current);
                requireClose("noise " + current, drawn.normal(count), expected, 1e-6);
                return expected;
            });
            state = advance.next();
            requireClose("x0 " + step, advance.predictedOriginal(), row(name, "x0", step), TOLERANCE);
            requireClose("sample " + step, state.sample(), row(name, "samples", step + 1), TOLERANCE);
            assertThat(state.step()).isEqualTo(step + 1);
        }
        assertThat(drawnAt)
                .containsExactlyElementsOf(new ObjectMapper()
                        .convertValue(run.get("noise_drawn_at"), new TypeReference<List<Integer>>() {}));
    }

    private Sampler sampler(JsonNode run) throws IOException {
        Path file = folder.resolve("scheduler_config.json");
        Files.writeString(file, new ObjectMapper().writeValueAsString(run.get("scheduler_config")));
        SchedulerConfig config = SchedulerConfig.read(file);
        float eta = run.get("eta").floatValue();
        String name = Samplers.defaultName(config);
        return Samplers.create(
                config,
                new SamplerSpec(name, Optional.empty(), eta > 0 ? Optional.of(eta) : Optional.empty()),
                Span.whole(run.get("steps").intValue()));
    }

    /** diffusers has no ancestral step for the prediction of samples. These runs were recorded by a detour. */
    private static boolean isRefused(JsonNode run) {
        return run.get("sampler").asText().equals("euler_a")
                && run.get("scheduler_config").path("prediction_type").asText().equals("sample");
    }

    private static float[] output(float[] input, float timestep) {
        float[] output = new float[input.length];
        float share = (float) (0.6 * Math.cos(3 * (double) timestep / 1000));
        for (int i = 0; i < output.length; i++) {
            output[i] = 0.4f * input[i] + share * PATTERN[i];
        }
        return output;
    }

    private static float[] row(String name, String tensor, int index) {
        float[] rows = recorded(name, tensor);
        return Arrays.copyOfRange(rows, index * PATTERN.length, (index + 1) * PATTERN.length);
    }

    private static float[] recorded(String name, String tensor) {
        return (name.startsWith("pndm") ? PNDM : TENSORS).floats(name + "/" + tensor);
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
