package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.adapter.LoraFolders;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.original.Naming;
import dev.weir.engine.weights.FittingFiles;
import dev.weir.engine.weights.SafetensorsFile;
import dev.weir.engine.weights.SafetensorsOutput;
import dev.weir.engine.weights.SafetensorsWriter;
import dev.weir.engine.weights.WeightType;
import dev.weir.engine.weights.Weights;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** LoRAs of transformers: rows with other ones, several and none in one forward, beside what diffusers makes with each alone. */
class TransformerLorasReferenceTest {

    @TempDir
    Path temporary;

    private static ModelFolder model(String folder, String home) {
        return model(ReferenceFile.path(folder), ReferenceFile.path(home));
    }

    private static ModelFolder model(Path folder, Path loras) {
        var addOns = AddOns.of(LoraFolders.open(List.of(loras)));
        return ModelFolder.open(folder, Optional.empty(), List.of(), Optional.empty(), addOns);
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

    /** A folder has the names of the whole language model, or those of its layers alone; files have both too. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "text_encoders.qwen3_4b.transformer.model.layers.0.",
                "text_encoder.layers.0.",
                "lora_te_layers_0_"
            })
    void aLanguageModelsLayersAreFoundByTheNamesOfTheWholeModelAndTheirOwn(String prefix) throws IOException {
        Path whole = ReferenceFile.path("z_image/model");
        Path alone = TestModels.copy(whole, temporary.resolve("alone"));
        Path file = alone.resolve("text_encoder/model.safetensors");
        Weights own = SafetensorsFile.open(whole.resolve("text_encoder/model.safetensors"));
        Files.delete(file);
        SafetensorsOutput.write(file, Naming.SAME.of(file, own, "model."), Map.of(), bytes -> {});
        String layer = prefix + (prefix.endsWith("_") ? "mlp_up_proj" : "mlp.up_proj");
        long[] shape = own.info("model.layers.0.mlp.up_proj.weight").shape();
        new SafetensorsWriter()
                .tensor(layer + ".lora_down.weight", WeightType.F32, ones(shape[1]), 1, shape[1])
                .tensor(layer + ".lora_up.weight", WeightType.F32, ones(shape[0]), shape[0], 1)
                .write(Files.createDirectory(temporary.resolve("loras")).resolve("all.safetensors"));
        List<float[]> states = new ArrayList<>();
        for (Path folder : List.of(whole, alone)) {
            ModelFolder model = model(folder, temporary.resolve("loras"));
            var lora = new WeightedLora(model.loras().byName().get("all"), 0.5f);
            try (TextEncoder encoder = model.textEncoder(new ComputeTarget("cpu", Precision.FP32, Engine.TORCH))) {
                for (List<WeightedLora> loras : List.of(List.<WeightedLora>of(), List.of(lora))) {
                    Prompt prompt = Prompt.of("an apple").with(loras);
                    states.add(encoder.encode(List.of(prompt))
                            .get(0)
                            .states()
                            .get(Tensors.ENCODER_HIDDEN_STATES)
                            .values());
                }
            }
        }
        assertThat(states.get(1)).isNotEqualTo(states.get(0));
        assertThat(states.get(2)).isEqualTo(states.get(0));
        assertThat(states.get(3)).isEqualTo(states.get(1));
    }

    private static byte[] ones(long count) {
        ByteBuffer bytes = ByteBuffer.allocate((int) count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            bytes.putFloat(1);
        }
        return bytes.array();
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
