package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.sampler.SamplerState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Runs that are guided in a part of their steps, as diffusers' guiders are. */
final class GuidanceIntervalReferenceTest {

    private static final ReferenceFile ENDS = ReferenceFile.open("guidance_interval/ends.safetensors");
    private static final JsonNode CASES = ReferenceFile.json("guidance_interval/cases.json");
    private static final ModelFolder MODEL = ModelFolder.open(ReferenceFile.path("checkpoints/sd1"));

    @RegisterExtension
    static final Opened<WorkflowRun> OPENED = new Opened<>();

    private static WorkflowRun open(Engine engine) {
        return OPENED.of(engine, () -> new WorkflowRun(MODEL, new ComputeTarget("cpu", Precision.FP32, engine)));
    }

    @ParameterizedTest
    @EnumSource(Engine.class)
    void aRunOfMixedRowsEndsAsTheReferences(Engine engine) {
        WorkflowRun run = open(engine);
        List<Row> rows = new ArrayList<>();
        CASES.forEach(json -> rows.add(run.begin(json)));
        for (int step = 0; rows.stream().anyMatch(row -> !row.isDone()); step++) {
            for (int i = 0; i < rows.size(); i++) {
                if (!rows.get(i).isDone()) {
                    assertThat(rows.get(i).cost())
                            .as("network rows of %s at step %d", CASES.get(i), step)
                            .isEqualTo(CASES.get(i).get("rows").get(step).asInt());
                }
            }
            run.step(CASES.get(0), rows);
        }
        for (int i = 0; i < rows.size(); i++) {
            requireEnd(CASES.get(i), rows.get(i));
        }
    }

    /** What another node continues with has the difference of the last guided step. */
    @Test
    void aRunThatIsResumedAtAnyStepEndsAsTheReference() {
        WorkflowRun run = open(Engine.ONNX);
        for (JsonNode json : CASES) {
            Row row = run.begin(json);
            while (!row.isDone()) {
                run.step(json, List.of(row));
                row = run.begin(json).at(copy(row.state()), row.noisePosition());
            }
            requireEnd(json, row);
        }
    }

    @Test
    void aCheckpointHasTheDifferenceOnlyWhereLaterStepsNeedIt() {
        WorkflowRun run = open(Engine.ONNX);
        for (JsonNode json : CASES) {
            Row row = run.begin(json);
            int guided = 0;
            while (!row.isDone()) {
                guided += row.cost() == 2 ? 1 : 0;
                run.step(json, List.of(row));
                boolean isNeeded = json.get("guidance_reuse").asBoolean() && guided == guidedSteps(json);
                assertThat(row.state().memory().containsKey("guidance"))
                        .as("step %d of %s", row.state().step(), json)
                        .isEqualTo(isNeeded);
            }
        }
    }

    private static int guidedSteps(JsonNode json) {
        int guided = 0;
        for (JsonNode rows : json.get("rows")) {
            guided += rows.asInt() == 2 ? 1 : 0;
        }
        return guided;
    }

    private static SamplerState copy(SamplerState state) {
        Map<String, float[]> memory = new HashMap<>();
        state.memory().forEach((name, values) -> memory.put(name, values.clone()));
        return new SamplerState(state.step(), state.sample().clone(), memory);
    }

    private static void requireEnd(JsonNode json, Row row) {
        ReferenceFile.requireClose(
                row.state().sample(), ENDS.floats(json.get("case").asText()), json.toString());
    }
}
