package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a file with a transformer lacks, and what is beside it. */
final class TransformerPartsTest {

    @TempDir
    Path temporary;

    /** Not by an option that would have followed from its shape. */
    @ParameterizedTest
    @CsvSource({
        "flux-dev, flux/dev, vector_in.in_layer.weight, time_text_embed.text_embedder.linear_1.weight",
        "sd3, sd3/sd3, y_embedder.mlp.0.weight, time_text_embed.text_embedder.linear_1.weight",
        "z-image, z_image/model, cap_embedder.1.weight, cap_embedder.1.weight"
    })
    void aFileThatLacksATensorIsRefusedByItsName(String name, String folder, String tensor, String missing)
            throws IOException {
        Map<String, SingleFiles.Entry> tensors = SingleFiles.tiny(name);
        assertThat(tensors.keySet().removeIf(each -> each.endsWith(tensor))).isTrue();
        Path file = SingleFiles.write(temporary.resolve("one.safetensors"), tensors);

        assertThatThrownBy(() -> converting(file, temporary.resolve("new"), ReferenceFile.path(folder)))
                .isInstanceOf(ModelException.class)
                .hasMessage("%s: tensor %s is missing", file, missing);
    }

    /** A file's draft lies beside it, and may lie elsewhere as seen from the folder. */
    @Test
    void theDraftStaysThatOfTheFile() throws IOException {
        Path draft = Files.createDirectory(temporary.resolve("small"));
        Path file = SingleFiles.write(temporary.resolve("one.safetensors"), SingleFiles.tiny("flux-dev"));
        Files.writeString(temporary.resolve("one.weir.json"), "{\"draft\": \"small\"}");
        Path out = Files.createDirectory(temporary.resolve("deeper")).resolve("new");

        converting(file, out, ReferenceFile.path("flux/dev")).write(bytes -> {});

        assertThat(JsonFile.read(out.resolve("weir.json")).get("draft").asText())
                .isEqualTo("../../small");
        assertThat(ModelSettings.read(out).draft()).contains(draft);
    }

    private static Conversion converting(Path file, Path out, Path parts) {
        return Conversion.of(file, out, false, GuidedDiffusionOptions.NONE, Optional.of(parts));
    }
}
