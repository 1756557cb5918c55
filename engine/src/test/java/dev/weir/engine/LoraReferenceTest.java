package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.adapter.Lora;
import dev.weir.engine.adapter.LoraFile;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.pipeline.Begin;
import dev.weir.engine.pipeline.Request;
import dev.weir.engine.sampler.Samplers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rows with different LoRAs, several and none in one forward, beside what diffusers makes with each alone. */
class LoraReferenceTest {

    private static final Path HOME = ReferenceFile.path("lora");
    private static final ReferenceFile TENSORS = ReferenceFile.open("lora/io.safetensors");

    private static ModelFolder model(String name) {
        return ModelFolder.open(ReferenceFile.path(name.equals("sd1") ? "checkpoints/sd1" : name));
    }

    private static List<JsonNode> cases(String model) {
        return ReferenceCases.of("lora/cases.json")
                .filter(json -> json.get("model").asText().equals(model))
                .toList();
    }

    /** The LoRAs of a case, each file opened once. */
    private static List<WeightedLora> loras(ModelFolder model, JsonNode json, Map<String, Lora> opened) {
        List<WeightedLora> loras = new ArrayList<>();
        for (JsonNode use : json.get("loras")) {
            Lora lora = opened.computeIfAbsent(use.get(0).asText(), name -> {
                var file = LoraFile.open(HOME.resolve(name + ".safetensors"), name, model.adaptedParts());
                assertThat(file.unknown()).isEmpty();
                return file.lora();
            });
            loras.add(new WeightedLora(lora, use.get(1).floatValue()));
        }
        return loras;
    }

    /** One test for both, because loading the networks takes most of its time. */
    @ParameterizedTest
    @CsvSource({"TORCH,sd1", "TORCH,sdxl", "ONNX,sd1", "ONNX,sdxl"})
    void theRowsAndPicturesOfAMixedRunAreThoseOfTheReference(Engine engine, String name) throws IOException {
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        ModelFolder model = model(name);
        List<JsonNode> cases = cases(name);
        Map<String, Lora> opened = new HashMap<>();
        List<Prompt> prompts = new ArrayList<>();
        for (JsonNode json : cases) {
            List<WeightedLora> loras = loras(model, json, opened);
            prompts.add(Prompt.of(json.get("prompt").asText()).with(loras));
            prompts.add(Prompt.of(json.get("negative_prompt").asText()).with(loras));
        }
        List<Tensors> states;
        try (TextEncoder encoder = model.textEncoder(target)) {
            states = encoder.encode(prompts).stream().map(PromptStates::states).toList();
        }
        List<Row> pictures = new ArrayList<>();
        List<Denoiser.Row> rows = new ArrayList<>();
        int side = cases.get(0).get("size").asInt();
        var latent = new LatentShape(
                4, side / model.card().scale(), side / model.card().scale());
        try (Denoiser network = model.denoiser(target);
                ImageCodec codec = model.imageCodec(target)) {
            for (int i = 0; i < cases.size(); i++) {
                List<WeightedLora> loras = prompts.get(2 * i).loras();
                Tensors cond = states.get(2 * i);
                rows.add(row(cases.get(i), loras, cond));
                pictures.add(picture(model, cases.get(i), loras, cond, states.get(2 * i + 1), network, latent));
            }
            requireRows(engine, cases, rows, network);
            while (!pictures.get(0).isDone()) {
                StepBatch.advance(network, latent, pictures);
            }
            for (int i = 0; i < cases.size(); i++) {
                var picture = codec.decode(
                                latent, List.of(pictures.get(i).state().sample()))
                        .get(0)
                        .orElseThrow();
                String recorded = cases.get(i).get("name").asText();
                var expected = ImageIO.read(HOME.resolve(recorded + ".png").toFile());
                assertThat(Drawing.psnr(picture, expected)).as(recorded).isGreaterThanOrEqualTo(50);
            }
        }
    }

    /** A row of the recorded network call, whose text states are the recorded ones. */
    private static Denoiser.Row row(JsonNode json, List<WeightedLora> loras, Tensors cond) {
        String recorded = json.get("name").asText();
        requireClose(
                cond.get(Tensors.ENCODER_HIDDEN_STATES).values(),
                TENSORS.floats(recorded + "/states"),
                recorded + " states");
        Tensors inputs = cond;
        if (json.get("model").asText().equals("sdxl")) {
            requireClose(cond.get("text_embeds").values(), TENSORS.floats(recorded + "/text_embeds"), recorded);
            inputs = cond.with("time_ids", HostTensor.of(new float[] {48, 48, 0, 0, 48, 48}, 6));
        }
        return new Denoiser.Row(TENSORS.floats(recorded + "/sample"), 400, inputs, loras);
    }

    private static void requireRows(Engine engine, List<JsonNode> cases, List<Denoiser.Row> rows, Denoiser network) {
        var shape = new LatentShape(4, 8, 8);
        List<float[]> alone = rows.stream()
                .map(row -> network.predict(shape, List.of(row)).get(0))
                .toList();
        List<Denoiser.Row> shuffled = new ArrayList<>(rows);
        Collections.reverse(shuffled);
        List<float[]> together = network.predict(shape, shuffled);
        for (int i = 0; i < rows.size(); i++) {
            String recorded = cases.get(i).get("name").asText();
            float[] own = together.get(rows.size() - 1 - i);
            requireClose(own, TENSORS.floats(recorded + "/output"), recorded + " together");
            requireClose(alone.get(i), TENSORS.floats(recorded + "/output"), recorded + " alone");
            if (engine == Engine.ONNX && rows.get(i).loras().isEmpty()) {
                assertThat(own).as(recorded + " beside others").isEqualTo(alone.get(i));
            }
        }
    }

    private static Row picture(
            ModelFolder model,
            JsonNode json,
            List<WeightedLora> loras,
            Tensors cond,
            Tensors uncond,
            Denoiser network,
            LatentShape shape) {
        Tensors given = Tensors.NONE;
        for (var entry : cond.byName().entrySet()) {
            given = given.with("cond/" + entry.getKey(), entry.getValue());
        }
        for (var entry : uncond.byName().entrySet()) {
            given = given.with("uncond/" + entry.getKey(), entry.getValue());
        }
        var stage = model.pipeline().diffusing().get(0);
        int side = json.get("size").asInt();
        return model.pipeline()
                .type()
                .begin(
                        stage,
                        new Begin(
                                model.card(),
                                shape,
                                Samplers.create(
                                        model.scheduler(stage),
                                        model.card().defaults().sampler(),
                                        json.get("steps").asInt()),
                                model.scheduler(stage),
                                new TorchGenerator(json.get("seed").asLong()),
                                network.inputs(),
                                0,
                                Request.of(
                                        side, side, json.get("guidance_scale").floatValue()),
                                given))
                .with(loras);
    }
}
