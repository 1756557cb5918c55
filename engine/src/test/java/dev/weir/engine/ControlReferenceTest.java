package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.control.ControlNetFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rows that different ControlNets, several and none steer in one forward, beside what diffusers makes of each alone. */
class ControlReferenceTest {

    @TempDir
    Path temporary;

    private static List<JsonNode> cases(String model) {
        return ReferenceCases.of("controlnets/cases.json")
                .filter(json -> json.get("model").asText().equals(model))
                .toList();
    }

    private ModelFolder model(String name) throws IOException {
        return ModelFolder.open(
                switch (name) {
                    case "nine" -> inpainting();
                    case "sdxl" -> ReferenceFile.path(name);
                    default -> ReferenceFile.path("checkpoints/" + name);
                },
                Optional.empty(),
                List.of(),
                Optional.empty(),
                AddOns.of(ControlNetFolders.open(
                        List.of(ReferenceFile.path("controlnets/" + name.replace("nine", "sd1"))))));
    }

    /** Another network, whose ControlNets see the sample without what it sees beside it. */
    private Path inpainting() throws IOException {
        Path sd1 = ReferenceFile.path("checkpoints/sd1").toAbsolutePath();
        for (String part : List.of("scheduler", "text_encoder", "tokenizer", "vae")) {
            Files.createSymbolicLink(temporary.resolve(part), sd1.resolve(part));
        }
        Files.createSymbolicLink(
                temporary.resolve("unet"),
                ReferenceFile.path("images/unet-inpaint").toAbsolutePath());
        String index = Files.readString(sd1.resolve("model_index.json"));
        Files.writeString(
                temporary.resolve("model_index.json"),
                index.replace("StableDiffusionPipeline", "StableDiffusionInpaintPipeline"));
        return temporary;
    }

    @ParameterizedTest
    @CsvSource({"TORCH,sd1", "TORCH,sdxl", "TORCH,nine", "ONNX,sd1", "ONNX,sd2", "ONNX,sdxl", "ONNX,nine"})
    void theRowsAndPicturesOfAMixedRunAreThoseOfTheReference(Engine engine, String name) throws IOException {
        SteeredRun.of("controlnets").require(engine, model(name), cases(name));
    }
}
