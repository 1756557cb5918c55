package dev.weir.engine.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.noise.NoiseKind;
import dev.weir.engine.noise.NoiseSource;
import dev.weir.engine.noise.NoiseStream;
import dev.weir.engine.noise.TorchGenerator;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole runs of the schedulers that tools/reference/other_schedulers.py records, with the same made-up networks and seeds. */
class OtherSchedulersTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("samplers/other_schedulers.safetensors");
    private static final float[] PATTERN = TENSORS.floats("pattern");
    private static final double TOLERANCE = 1e-4;

    static Stream<Named<JsonNode>> runs() {
        return StreamSupport.stream(
                        ReferenceFile.json("samplers/other_schedulers.json").spliterator(), false)
                .map(run -> Named.of(run.get("name").asText(), run));
    }

    @ParameterizedTest
    @MethodSource("runs")
    void everyStepIsTheReferences(JsonNode run) {
        String name = run.get("name").asText();
        Sampler sampler = sampler(run);
        float[] timesteps = TENSORS.floats(name + "/timesteps");
        TorchGenerator drawn = new TorchGenerator(run.get("seed").longValue());

        assertThat(sampler.steps()).isEqualTo(timesteps.length);
        float[] told = new float[timesteps.length];
        for (int step = 0; step < told.length; step++) {
            told[step] = sampler.timestep(step);
        }
        requireClose("timesteps", told, timesteps, 1e-6);
        assertThat(sampler.initialNoiseScale())
                .isCloseTo(run.get("init_noise_sigma").floatValue(), within(1e-4f));
        requireClose("first sample", first(sampler, drawn), row(name, "samples", 0), 1e-6);

        SamplerState state = SamplerState.start(row(name, "samples", 0));
        List<Integer> drawnAt = new ArrayList<>();
        for (int step = 0; step < timesteps.length; step++) {
            int current = step;
            Sampler.Advance advance = sampler.advance(state, output(run, sampler, state), count -> {
                drawnAt.add(current);
                return drawn.normal(count);
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

    @ParameterizedTest
    @MethodSource("runs")
    void aRunThatContinuesFromACheckpointIsTheSame(JsonNode run) {
        Sampler sampler = sampler(run);
        for (NoiseKind kind : List.of(NoiseKind.CPU, NoiseKind.CUDA)) {
            NoiseStream noise = kind.stream(run.get("seed").longValue());
            List<SamplerState> states = new ArrayList<>(List.of(SamplerState.start(first(sampler, noise))));
            List<NoiseStream> streams = new ArrayList<>(List.of(noise.at(noise.position())));
            for (int step = 0; step < sampler.steps(); step++) {
                states.add(advance(run, sampler, states.get(step), noise));
                streams.add(noise.at(noise.position()));
            }
            float[] whole = states.get(sampler.steps()).sample();
            for (int step = 0; step < sampler.steps(); step++) {
                SamplerState state = stored(states.get(step));
                NoiseStream again = streams.get(step);
                for (int left = step; left < sampler.steps(); left++) {
                    state = advance(run, sampler, state, again);
                }
                assertThat(state.sample())
                        .as("from step %d with %s", step, kind)
                        .containsExactly(whole);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("runs")
    void aCleanSampleGetsTheNoiseOfAStep(JsonNode run) {
        String name = run.get("name").asText();
        if (!TENSORS.has(name + "/noised")) {
            return;
        }
        Sampler sampler = sampler(run);
        for (int step = 0; step < sampler.steps(); step++) {
            float[] noised = sampler.addNoise(step, PATTERN, reversed());
            requireClose("at step " + step, noised, row(name, "noised", step), TOLERANCE);
        }
    }

    static Sampler sampler(JsonNode run) {
        JsonNode keys = run.get("scheduler_config");
        SchedulerConfig config = new SchedulerConfig(
                Path.of("scheduler_config.json"), keys.get("_class_name").asText(), ((ObjectNode) keys).deepCopy());
        String name = Samplers.defaultName(config);
        Optional<Float> eta = run.has("eta") ? Optional.of(run.get("eta").floatValue()) : Optional.empty();
        OptionalInt tokens = run.has("image_seq_len")
                ? OptionalInt.of(run.get("image_seq_len").intValue())
                : OptionalInt.empty();
        return Samplers.scheduler(config, SamplerSpec.of(name))
                .sampler(new Scheduler.Run(
                        run.get("steps").intValue(), eta, run.path("strength").asDouble(1), tokens));
    }

    private static float[] first(Sampler sampler, NoiseSource noise) {
        float[] first = noise.normal(PATTERN.length);
        for (int i = 0; i < first.length; i++) {
            first[i] *= sampler.initialNoiseScale();
        }
        return first;
    }

    private static SamplerState advance(JsonNode run, Sampler sampler, SamplerState state, NoiseSource noise) {
        return sampler.advance(state, output(run, sampler, state), noise).next();
    }

    /** The state as a checkpoint gives it back: arrays of its own, under the same names. */
    private static SamplerState stored(SamplerState state) {
        Map<String, float[]> memory = new HashMap<>();
        state.memory().forEach((name, values) -> memory.put(name, values.clone()));
        return new SamplerState(state.step(), state.sample().clone(), memory);
    }

    private static float[] output(JsonNode run, Sampler sampler, SamplerState state) {
        float[] input = sampler.scaleInput(state.step(), state.sample());
        float timestep = sampler.timestep(state.step());
        return switch (run.get("network").asText()) {
            case "noise" -> noise(input, timestep);
            case "score" ->
                Floats.mix(-1 / timestep, noise(Floats.mix(1 / timestep, input, 0, input), timestep), 0, input);
            case "variance" -> {
                float[] both = Arrays.copyOf(noise(input, timestep), 2 * input.length);
                for (int i = 0; i < input.length; i++) {
                    both[input.length + i] = (float) Math.cos(timestep) * PATTERN[i];
                }
                yield both;
            }
            default -> throw new AssertionError(run);
        };
    }

    private static float[] noise(float[] input, float timestep) {
        return Floats.mix(0.4f, input, (float) (0.6 * Math.cos(3 * (double) timestep / 1000)), PATTERN);
    }

    private static float[] reversed() {
        float[] reversed = new float[PATTERN.length];
        for (int i = 0; i < reversed.length; i++) {
            reversed[i] = PATTERN[reversed.length - 1 - i];
        }
        return reversed;
    }

    private static float[] row(String name, String tensor, int index) {
        float[] rows = TENSORS.floats(name + "/" + tensor);
        return Arrays.copyOfRange(rows, index * PATTERN.length, (index + 1) * PATTERN.length);
    }

    private static void requireClose(String what, float[] ours, float[] theirs, double tolerance) {
        double scale = 1;
        for (float value : theirs) {
            scale = Math.max(scale, Math.abs(value));
        }
        assertThat(ours).as(what).containsExactly(theirs, within((float) (tolerance * scale)));
    }
}
