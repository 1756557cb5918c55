package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.adapter.LoraFolders;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.weights.FittingFiles;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** LoRAs of Flux.1 and Stable Diffusion 3: rows with other ones, several and none in one forward, beside what diffusers makes with each alone. */
class TransformerLorasReferenceTest {

    private static final String HOME = "transformer_loras/";
    private static final ReferenceFile TENSORS = ReferenceFile.open(HOME + "io.safetensors");

    private static ModelFolder model(String folder) {
        var addOns = AddOns.of(LoraFolders.open(List.of(ReferenceFile.path(HOME))));
        return ModelFolder.open(ReferenceFile.path(folder), Optional.empty(), List.of(), Optional.empty(), addOns);
    }

    @ParameterizedTest
    @CsvSource({"flux, flux/dev, TORCH", "flux, flux/dev, ONNX", "sd3, sd3/sd35, TORCH", "sd3, sd3/sd35, ONNX"})
    void theRowsOfAMixedRunAreThoseOfTheReference(String family, String folder, Engine engine) {
        List<JsonNode> cases = ReferenceCases.of(HOME + "cases.json")
                .filter(json -> json.get("model").asText().equals(family))
                .toList();
        try (var run = new WorkflowRun(model(folder), new ComputeTarget("cpu", Precision.FP32, engine))) {
            List<Row> rows = cases.stream().map(run::begin).toList();
            requireCalls(run, cases, rows);
            assertThat(run.step(cases.get(0), rows)).isEqualTo(cases.size());
            run.finish(cases.get(0), rows);
            for (int i = 0; i < rows.size(); i++) {
                String name = cases.get(i).get("name").asText();
                requireClose(rows.get(i).state().sample(), TENSORS.floats(name + "/latents"), name);
            }
        }
    }

    /** The first call of each row, alone; the row of the negative prompt comes first. */
    private static void requireCalls(WorkflowRun run, List<JsonNode> cases, List<Row> rows) {
        for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            String name = cases.get(i).get("name").asText();
            List<Denoiser.Row> branches = row.branches().stream()
                    .map(branch -> new Denoiser.Row(row.state().sample(), 1000, branch, row.loras()))
                    .toList();
            List<float[]> outputs = run.network.predict(run.shape(cases.get(i)), branches);
            float[] expected = TENSORS.floats(name + "/call");
            for (int branch = 0; branch < outputs.size(); branch++) {
                requireClose(outputs.get(branch), StageRun.part(expected, branch, outputs.size()), name + " call");
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "flux/dev, 'flux-kohya,flux-peft,flux-xlabs'",
        "flux/schnell, 'flux-kohya,flux-peft,flux-xlabs'",
        "sd3/sd35, sd3-peft"
    })
    void aFileIsOfferedToTheModelsThatItFits(String folder, String names) {
        FittingFiles<?> fitting = model(folder).loras();
        assertThat(String.join(",", new TreeSet<>(fitting.byName().keySet()))).isEqualTo(names);
    }
}
