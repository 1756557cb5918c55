package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.adapter.IpAdapterFolders;
import dev.weir.engine.adapter.LoraFolders;
import dev.weir.engine.control.ControlNetFolders;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.inversion.EmbeddingFolders;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** IP-Adapters beside LoRAs and ControlNets of the same row: the trajectory and the picture of diffusers, in a mixed batch. */
class IpAdapterBesideTest {

    private static final String HOME = "ip_adapter_beside/";
    private static final ReferenceFile TENSORS = ReferenceFile.open(HOME + "io.safetensors");

    /** Families, with their parts and files of fixtures. */
    private enum Family {
        SD1("checkpoints/sd1", "controlnets/sd1"),
        SDXL("sdxl", "controlnets/sdxl");

        private final String model;
        private final String nets;

        Family(String model, String nets) {
            this.model = model;
            this.nets = nets;
        }

        private ModelFolder open() {
            var addOns = new AddOns(
                    LoraFolders.open(List.of(ReferenceFile.path("lora"))),
                    ControlNetFolders.open(List.of(ReferenceFile.path(nets))),
                    EmbeddingFolders.NONE,
                    IpAdapterFolders.open(List.of(ReferenceFile.path("ip_adapter"))));
            return ModelFolder.open(ReferenceFile.path(model), Optional.empty(), List.of(), Optional.empty(), addOns);
        }

        private boolean isOf(JsonNode json) {
            return json.path("model").asText("sd1").equalsIgnoreCase(name());
        }
    }

    @ParameterizedTest
    @CsvSource({"SD1, TORCH", "SD1, ONNX", "SDXL, TORCH", "SDXL, ONNX"})
    void aRowMayHaveImagesLorasAndNets(Family family, Engine engine) throws IOException {
        List<JsonNode> cases =
                ReferenceCases.of(HOME + "cases.json").filter(family::isOf).toList();
        assertThat(cases).hasSize(4);
        try (var run = new WorkflowRun(family.open(), new ComputeTarget("cpu", Precision.FP32, engine))) {
            List<Row> rows = cases.stream().map(run::begin).toList();
            run.step(cases.get(0), rows);
            require(cases, rows, 0);
            run.finish(cases.get(0), rows);
            require(cases, rows, rows.get(0).state().step() - 1);
            for (int i = 0; i < rows.size(); i++) {
                String name = cases.get(i).get("name").asText();
                var expected =
                        ImageIO.read(ReferenceFile.path(HOME + name + ".png").toFile());
                assertThat(Drawing.psnr(run.picture(cases.get(i), rows.get(i)), expected))
                        .as(name)
                        .isGreaterThanOrEqualTo(50);
            }
        }
    }

    private static void require(List<JsonNode> cases, List<Row> rows, int step) {
        for (int i = 0; i < rows.size(); i++) {
            String name = "%s/step %d".formatted(cases.get(i).get("name").asText(), step);
            requireClose(rows.get(i).state().sample(), TENSORS.floats(name), name);
        }
    }
}
