package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.adapter.IpAdapterFolders;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.StepBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** IP-Adapters: the tokens of pictures, one call of the network, the trajectory and the picture of diffusers. */
class IpAdapterReferenceTest {

    private static final Path HOME = ReferenceFile.path("ip_adapter");
    private static final ReferenceFile TENSORS = ReferenceFile.open("ip_adapter/io.safetensors");

    @RegisterExtension
    static final Opened<WorkflowRun> OPENED = new Opened<>();

    @TempDir
    Path folder;

    private static ModelFolder model(String name, Path adapters) {
        return ModelFolder.open(
                ReferenceFile.path(name.equals("sd1") ? "checkpoints/sd1" : name),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                AddOns.of(IpAdapterFolders.open(List.of(adapters))));
    }

    private static WorkflowRun open(Engine engine, String name) {
        return OPENED.of(List.of(engine, name), () -> new WorkflowRun(model(name, HOME), target(engine)));
    }

    private static ComputeTarget target(Engine engine) {
        return new ComputeTarget("cpu", Precision.FP32, engine);
    }

    private static List<JsonNode> cases(String model) {
        return ReferenceCases.of("ip_adapter/cases.json")
                .filter(json -> json.get("model").asText().equals(model))
                .toList();
    }

    @ParameterizedTest
    @CsvSource({"TORCH,sd1", "TORCH,sdxl", "ONNX,sd1", "ONNX,sdxl"})
    void tokensAndTheFirstCallAreTheReferences(Engine engine, String name) {
        WorkflowRun run = open(engine, name);
        for (JsonNode json : cases(name)) {
            String recorded = json.get("name").asText();
            requireTokens(run.tokens(json), json);
            List<Tensors> branches = run.begin(json).branches();
            float[] samples = TENSORS.floats(recorded + "/call/sample");
            float[] outputs = TENSORS.floats(recorded + "/call/output");
            float timestep = TENSORS.floats(recorded + "/call/timestep")[0];
            List<Denoiser.Row> rows = new ArrayList<>();
            for (int i = 0; i < branches.size(); i++) {
                rows.add(new Denoiser.Row(part(samples, i, branches.size()), timestep, branches.get(i)));
            }
            List<float[]> made = run.network.predict(run.shape(json), rows);
            for (int i = 0; i < made.size(); i++) {
                requireClose(made.get(i), part(outputs, i, made.size()), recorded + " output " + i);
            }
        }
    }

    /** diffusers repeats the tokens of no picture for each picture, which changes nothing. */
    private static void requireTokens(Tensors tokens, JsonNode json) {
        for (int i = 0; i < json.get("adapters").size(); i++) {
            String name = json.get("name").asText() + "/call/tokens " + i;
            boolean guided = json.get("guidance_scale").asDouble() > 1;
            float[] all = TENSORS.floats(name);
            float[] seen = tokens.get("cond/ip_adapter_" + i).values();
            requireClose(seen, Arrays.copyOfRange(all, all.length - seen.length, all.length), name);
            if (guided) {
                float[] nothing = tokens.get("uncond/ip_adapter_" + i).values();
                requireClose(nothing, Arrays.copyOf(all, nothing.length), name + " of nothing");
            }
        }
    }

    private static float[] part(float[] rows, int row, int count) {
        int size = rows.length / count;
        return Arrays.copyOfRange(rows, row * size, (row + 1) * size);
    }

    @ParameterizedTest
    @CsvSource({"TORCH,sd1", "TORCH,sdxl", "ONNX,sd1", "ONNX,sdxl"})
    void samplesWithDifferentImagesAndWithoutShareForwardsAndAreTheReferences(Engine engine, String name)
            throws IOException {
        WorkflowRun run = open(engine, name);
        Map<LatentShape, List<JsonNode>> byShape = cases(name).stream().collect(Collectors.groupingBy(run::shape));
        for (List<JsonNode> cases : byShape.values()) {
            List<Row> rows = cases.stream().map(run::begin).toList();
            for (int step = 0; rows.stream().anyMatch(row -> !row.isDone()); step++) {
                run.step(cases.get(0), rows);
                for (int i = 0; i < rows.size(); i++) {
                    String recorded = cases.get(i).get("name").asText() + "/step " + step;
                    if (TENSORS.has(recorded)) {
                        requireClose(rows.get(i).state().sample(), TENSORS.floats(recorded), recorded);
                    }
                }
            }
            for (int i = 0; i < rows.size(); i++) {
                String recorded = cases.get(i).get("name").asText();
                var expected = ImageIO.read(HOME.resolve(recorded + ".png").toFile());
                assertThat(Drawing.psnr(run.picture(cases.get(i), rows.get(i)), expected))
                        .as(recorded)
                        .isGreaterThanOrEqualTo(50);
            }
        }
    }

    @Test
    void imagesOfOthersDoNotChangeTheBytesOfARowWithout() {
        List<JsonNode> cases = cases("sd1");
        JsonNode without = cases.get(0);
        float[] plain;
        try (var run = new WorkflowRun(model("sd1", HOME.resolve("models/image_encoder")), target(Engine.ONNX))) {
            Row row = run.begin(without);
            run.finish(without, List.of(row));
            plain = row.state().sample();
        }
        WorkflowRun run = open(Engine.ONNX, "sd1");
        List<Row> rows =
                List.of(run.begin(cases.get(1)), run.begin(without), run.begin(cases.get(3)), run.begin(cases.get(5)));
        run.finish(without, rows);
        assertThat(rows.get(1).state().sample()).isEqualTo(plain);
        assertThat(rows.get(0).state().sample()).isNotEqualTo(plain);
        Row last = run.begin(without);
        StepBatch.advance(run.network, run.shape(without), List.of(last));
    }

    @Test
    void onlyAdaptersThatFitAreOffered() {
        assertThat(model("sd1", HOME).ipAdapters().byName())
                .containsOnlyKeys("ip-adapter_sd15", "ip-adapter-plus_sd15");
        assertThat(model("sdxl", HOME).ipAdapters().byName())
                .containsOnlyKeys("ip-adapter_sdxl", "ip-adapter-plus_sdxl_vit-h");
        assertThat(model("sdxl", HOME.resolve("sdxl_models")).ipAdapters().byName())
                .as("the other one's image encoder is not there")
                .containsOnlyKeys("ip-adapter_sdxl");
    }

    @Test
    void filesOfOneNameInTwoFoldersAreRefused() throws IOException {
        for (String place : List.of("one", "two")) {
            Files.createDirectories(folder.resolve(place));
            Files.copy(HOME.resolve("models/ip-adapter_sd15.safetensors"), folder.resolve(place + "/same.safetensors"));
        }
        assertThatThrownBy(() -> IpAdapterFolders.open(List.of(folder)))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("are both the IP-Adapter \"same\"; rename one");
    }
}
