package dev.weir.engine.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ComponentWeightsTest {

    private static final String INDEX = "diffusion_pytorch_model.safetensors.index.json";

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "diffusion_pytorch_model.safetensors",
                "model.safetensors",
                "diffusion_pytorch_model.fp16.safetensors",
                "model.fp16.safetensors",
                "diffusion_pytorch_model.bf16.safetensors",
                "model.bf16.safetensors"
            })
    void aSingleFileIsFoundByItsUsualNames(String name) {
        new SafetensorsWriter().floats("w", 3).write(folder.resolve(name));

        assertThat(ComponentWeights.open(folder).bytes("w").getFloat()).isEqualTo(3);
    }

    @Test
    void theMostPreciseIsReadOfSeveral() {
        List<String> names = List.of("model.bf16.safetensors", "model.fp16.safetensors", "model.safetensors");
        for (int i = 0; i < names.size(); i++) {
            new SafetensorsWriter().floats("w", i).write(folder.resolve(names.get(i)));
            assertThat(ComponentWeights.open(folder).bytes("w").getFloat())
                    .as(names.get(i))
                    .isEqualTo(i);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "model.safetensors.index.fp16.json",
                "model.fp16.safetensors.index.json",
                "diffusion_pytorch_model.safetensors.index.bf16.json",
                "diffusion_pytorch_model.bf16.safetensors.index.json"
            })
    void shardsOfAVariantAreFoundByTheirIndex(String name) throws IOException {
        new SafetensorsWriter().floats("a", 1).write(folder.resolve("m-1.safetensors"));
        Files.writeString(folder.resolve(name), "{\"weight_map\":{\"a\":\"m-1.safetensors\"}}");

        assertThat(ComponentWeights.open(folder).names()).containsExactly("a");
    }

    @Test
    void anIndexWithoutItsShardsIsPassedOver() throws IOException {
        index("\"a\":\"m-1.safetensors\",\"b\":\"m-2.safetensors\"");
        new SafetensorsWriter().floats("a", 1).write(folder.resolve("diffusion_pytorch_model.fp16.safetensors"));
        assertThat(ComponentWeights.open(folder).bytes("a").getFloat()).isEqualTo(1);

        // A download that was not finished.
        new SafetensorsWriter().floats("a", 2).write(folder.resolve("m-1.safetensors"));
        assertThatThrownBy(() -> ComponentWeights.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("m-2.safetensors");
    }

    @Test
    void numbersAreTheSameInEveryPrecisionThatHoldsThem() {
        Path checkpoints = Path.of("src/test/resources/reference/checkpoints");
        float[] full = ComponentWeights.open(checkpoints.resolve("sd1/unet")).floats("conv_in.weight");
        assertThat(full).hasSizeGreaterThan(100);

        for (String half : List.of("variants/unet-fp16", "variants/unet-bf16")) {
            assertThat(ComponentWeights.open(checkpoints.resolve(half)).floats("conv_in.weight"))
                    .as(half)
                    .containsExactly(full);
        }
    }

    @Test
    void shardsAreReadAsOne() throws IOException {
        new SafetensorsWriter().floats("a", 1).floats("b", 2).write(folder.resolve("m-1.safetensors"));
        new SafetensorsWriter().floats("c", 3).write(folder.resolve("m-2.safetensors"));
        index("\"a\":\"m-1.safetensors\",\"b\":\"m-1.safetensors\",\"c\":\"m-2.safetensors\"");

        ComponentWeights weights = ComponentWeights.open(folder);

        assertThat(weights.names()).containsExactlyInAnyOrder("a", "b", "c");
        assertThat(weights.bytes("c").getFloat()).isEqualTo(3);
        assertThat(weights.info("c").file()).hasFileName("m-2.safetensors");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"../m.safetensors", "/m.safetensors", "sub/m.safetensors", "..\\\\m.safetensors", "m.bin", ""})
    void anIndexThatLeavesTheFolderIsRefused(String name) throws IOException {
        new SafetensorsWriter().floats("a", 1).write(folder.resolve("m.safetensors"));
        Path component = Files.createDirectory(folder.resolve("unet"));
        Files.writeString(component.resolve(INDEX), "{\"weight_map\":{\"a\":\"%s\"}}".formatted(name));

        assertThatThrownBy(() -> ComponentWeights.open(component))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll(INDEX, "'a'", "not the name of a safetensors file");
    }

    @Test
    void anIndexThatNamesAMissingFileIsRefused() throws IOException {
        index("\"a\":\"gone.safetensors\"");

        assertThatThrownBy(() -> ComponentWeights.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("gone.safetensors", "no such file");
    }

    @Test
    void anIndexAndItsShardsMustAgree() throws IOException {
        new SafetensorsWriter().floats("a", 1).floats("spare", 2).write(folder.resolve("m.safetensors"));
        index("\"a\":\"m.safetensors\",\"b\":\"m.safetensors\"");
        assertThatThrownBy(() -> ComponentWeights.open(folder)).hasMessageContainingAll(INDEX, "'b' is not in");

        index("\"a\":\"m.safetensors\"");
        assertThatThrownBy(() -> ComponentWeights.open(folder)).hasMessageContainingAll(INDEX, "'spare'", "not listed");
    }

    @Test
    void aTensorInTwoShardsIsRefused() throws IOException {
        new SafetensorsWriter().floats("a", 1).floats("b", 1).write(folder.resolve("m-1.safetensors"));
        new SafetensorsWriter().floats("a", 2).floats("c", 2).write(folder.resolve("m-2.safetensors"));
        index("\"a\":\"m-1.safetensors\",\"b\":\"m-1.safetensors\",\"c\":\"m-2.safetensors\"");

        assertThatThrownBy(() -> ComponentWeights.open(folder)).hasMessageContainingAll("'a'", "m-2.safetensors");
    }

    @Test
    void pickledWeightsAreRefusedByName() throws IOException {
        Files.createFile(folder.resolve("diffusion_pytorch_model.bin"));

        assertThatThrownBy(() -> ComponentWeights.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("diffusion_pytorch_model.bin", "safetensors only");
    }

    @Test
    void anEmptyFolderSaysWhatWasLookedFor() {
        assertThatThrownBy(() -> ComponentWeights.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(
                        "no weights, looked for diffusion_pytorch_model.safetensors and model.safetensors, also");
        assertThatThrownBy(() -> ComponentWeights.open(folder.resolve("none"))).hasMessageContaining("no such folder");
    }

    private void index(String weightMap) throws IOException {
        Files.writeString(folder.resolve(INDEX), "{\"metadata\":{},\"weight_map\":{%s}}".formatted(weightMap));
    }
}
