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

/** LoRAs of transformers: rows with other ones, several and none in one forward, beside what diffusers makes with each alone. */
class TransformerLorasReferenceTest {

    private static ModelFolder model(String folder, String home) {
        var addOns = AddOns.of(LoraFolders.open(List.of(ReferenceFile.path(home))));
        return ModelFolder.open(ReferenceFile.path(folder), Optional.empty(), List.of(), Optional.empty(), addOns);
    }

    @ParameterizedTest
    @CsvSource({
        "transformer_loras, flux, flux/dev, TORCH",
        "transformer_loras, flux, flux/dev, ONNX",
        "transformer_loras, sd3, sd3/sd35, TORCH",
        "transformer_loras, sd3, sd3/sd35, ONNX",
        "z_image_loras, z_image, z_image/model, TORCH",
        "z_image_loras, z_image, z_image/model, ONNX"
    })
    void theRowsOfAMixedRunAreThoseOfTheReference(String home, String family, String folder, Engine engine) {
        var tensors = ReferenceFile.open(home + "/io.safetensors");
        List<JsonNode> cases = ReferenceCases.of(home + "/cases.json")
                .filter(json -> json.get("model").asText().equals(family))
                .toList();
        try (var run = new WorkflowRun(model(folder, home), new ComputeTarget("cpu", Precision.FP32, engine))) {
            List<Row> rows = cases.stream().map(run::begin).toList();
            requireCalls(run, cases, rows, tensors);
            assertThat(run.step(cases.get(0), rows)).isEqualTo(cases.size());
            run.finish(cases.get(0), rows);
            for (int i = 0; i < rows.size(); i++) {
                String name = cases.get(i).get("name").asText();
                requireClose(rows.get(i).state().sample(), tensors.floats(name + "/latents"), name);
            }
        }
    }

    /** The first call of each row, alone; the row of the negative prompt comes first. */
    private static void requireCalls(WorkflowRun run, List<JsonNode> cases, List<Row> rows, ReferenceFile tensors) {
        for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            String name = cases.get(i).get("name").asText();
            List<Denoiser.Row> branches = row.branches().stream()
                    .map(branch -> new Denoiser.Row(row.state().sample(), 1000, branch, row.loras()))
                    .toList();
            List<float[]> outputs = run.network.predict(run.shape(cases.get(i)), branches);
            float[] expected = tensors.floats(name + "/call");
            for (int branch = 0; branch < outputs.size(); branch++) {
                requireClose(outputs.get(branch), StageRun.part(expected, branch, outputs.size()), name + " call");
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "flux/dev, transformer_loras, 'flux-kohya,flux-peft,flux-xlabs'",
        "flux/schnell, transformer_loras, 'flux-kohya,flux-peft,flux-xlabs'",
        "sd3/sd35, transformer_loras, sd3-peft",
        "z_image/model, z_image_loras, 'comfyui,kohya,lokr,peft,toolkit,twice'",
        "flux/dev, z_image_loras, ''",
        "z_image/model, transformer_loras, ''"
    })
    void aFileIsOfferedToTheModelsThatItFits(String folder, String home, String names) {
        FittingFiles<?> fitting = model(folder, home).loras();
        assertThat(String.join(",", new TreeSet<>(fitting.byName().keySet()))).isEqualTo(names);
    }
}
