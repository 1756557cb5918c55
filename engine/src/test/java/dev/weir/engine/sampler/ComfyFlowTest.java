package dev.weir.engine.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.noise.TorchGenerator;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs of rectified flows by ComfyUI's schedules and samplers: all that {@code tools/reference/comfy_flows.py} recorded. */
class ComfyFlowTest {

    private static final double LEVEL = 1e-6;
    private static final ReferenceFile TENSORS = ReferenceFile.open("samplers/comfyui_flows.safetensors");
    private static final SigmaSpacing NORMAL = SigmaSpacing.COMFYUI_NORMAL;

    private record Case(JsonNode json) {

        private String text(String key) {
            return json.get(key).asText();
        }

        private boolean isFlux() {
            return text("class").equals("Flux");
        }

        Sampler sampler() {
            double shift = json.get("shift").doubleValue();
            boolean isOfNode = json.has("node");
            Optional<FlowTable> table = isFlux()
                    ? Optional.of(new FlowTable(Math.exp(shift), 10_000))
                    : Optional.of(new FlowTable(shift, 1000));
            SamplerSpec spec = new SamplerSpec(
                    "flow_" + text("sampler"),
                    Optional.of(SigmaSpacing.named("comfyui_" + text("scheduler"))),
                    Optional.empty(),
                    table.filter(found -> isOfNode));
            int steps = json.get("steps").intValue();
            // A node's shift counts whatever the file says.
            ObjectNode keys = keys().put("shift", isOfNode ? 2 : shift);
            return Samplers.create(
                    config(keys.put("use_dynamic_shifting", isFlux()).put("max_shift", 1.2)),
                    spec,
                    Span.ofStrength(steps, 1 - json.get("begin").intValue() / (double) steps));
        }

        float[] recorded(String tensor) {
            return TENSORS.floats(text("name") + "/" + tensor);
        }

        float[] row(String tensor, int index) {
            int size = ComfyScheduleTest.SIZE;
            return Arrays.copyOfRange(recorded(tensor), index * size, (index + 1) * size);
        }
    }

    private static ObjectNode keys() {
        return new ObjectMapper().createObjectNode();
    }

    private static SchedulerConfig config(ObjectNode keys) {
        return new SchedulerConfig(Path.of("scheduler_config.json"), "FlowMatchEulerDiscreteScheduler", keys);
    }

    static Stream<Named<Case>> runs() {
        return StreamSupport.stream(
                        ReferenceFile.json("samplers/comfyui_flows.json").spliterator(), false)
                .map(json -> Named.of(json.toString(), new Case(json)));
    }

    @ParameterizedTest
    @MethodSource("runs")
    void everyCallIsComfyuis(Case run) {
        Sampler sampler = run.sampler();
        float[] timesteps = run.recorded("timesteps");
        TorchGenerator generator = new TorchGenerator(run.json().get("seed").longValue());
        float[] fresh = generator.normal(ComfyScheduleTest.SIZE);
        float[] first = run.json().get("image").booleanValue()
                ? sampler.start(ComfyScheduleTest.clean(), fresh)
                : Floats.scale(sampler.initialNoiseScale(), fresh);
        SamplerState state = SamplerState.start(first);

        assertThat(sampler.steps()).isEqualTo(timesteps.length);
        for (int step = 0; step < timesteps.length; step++) {
            float timestep = sampler.timestep(step);
            assertThat(timestep / 1000).as("level %d", step).isCloseTo(timesteps[step] / 1000, within((float) LEVEL));
            ComfyScheduleTest.requireClose("input " + step, state.sample(), run.row("inputs", step));
            float[] said = ComfyScheduleTest.said(state.sample(), timestep);
            Sampler.Advance advance = sampler.advance(state, said, generator);
            ComfyScheduleTest.requireClose("x0 " + step, advance.predictedOriginal(), run.row("x0", step));
            state = advance.next();
        }
        ComfyScheduleTest.requireClose("result", state.sample(), run.recorded("result"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"num_train_timesteps", "shift_terminal", "invert_sigmas", "stochastic_sampling", "shift"})
    void optionsThatComfyuiDoesNotHaveAreRefusedWithItsSchedules(String key) {
        ObjectNode keys = keys();
        switch (key) {
            case "num_train_timesteps" -> keys.put(key, 500);
            case "shift_terminal" -> keys.put(key, 0.1);
            case "shift" -> keys.put(key, 0.2);
            default -> keys.put(key, true);
        }
        SamplerSpec spec = new SamplerSpec("flow_euler", Optional.of(NORMAL), Optional.empty());

        assertThatThrownBy(() -> Samplers.create(config(keys), spec, Span.whole(5)))
                .hasMessageContaining(key);
        assertThat(Samplers.create(config(keys), "flow_euler", 5).steps()).isEqualTo(5);
        assertThat(Samplers.choices(config(keys), 50))
                .filteredOn(choice -> choice.name().equals("flow_euler"))
                .singleElement()
                .satisfies(choice -> assertThat(choice.schedules()).doesNotContain(NORMAL.schedule()));
    }

    @Test
    void aTableIsForComfyuisSchedulesOfFlows() {
        Optional<FlowTable> table = Optional.of(new FlowTable(3, 1000));

        assertThatThrownBy(() -> new SamplerSpec("flow_euler", Optional.empty(), Optional.empty(), table))
                .hasMessageContaining("only schedules of ComfyUI");
        assertThatThrownBy(() -> new SamplerSpec("euler", Optional.of(NORMAL), Optional.empty(), table))
                .hasMessageContaining("of a flow alone");
        assertThatThrownBy(() -> new FlowTable(0.1, 1000)).hasMessageContaining("between 0.5 and 100.0, not 0.1");
    }
}
