package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FingerprintsTest {

    private final Map<String, String> original =
            ModelFolder.open(TestModels.checkpoint("default")).fingerprints();

    @TempDir
    Path folder;

    private Path copy;

    @BeforeEach
    void copy() throws IOException {
        copy = TestModels.copy("default", folder);
    }

    @Test
    void aCopyHasTheSameOfEveryPart() {
        assertThat(original).containsOnlyKeys("text_encoder", "unet", "upsampler/unet", "vae");
        assertThat(original.values()).allMatch(digest -> digest.matches("[0-9a-f]{16}"));
        assertThat(changed()).isEmpty();
    }

    @Test
    void otherWeightsOfAPartChangeItsOwn() throws IOException {
        for (String part : original.keySet()) {
            Path file = copy.resolve(part)
                    .resolve(part.equals("text_encoder") ? "model.safetensors" : "diffusion_pytorch_model.safetensors");
            byte[] bytes = Files.readAllBytes(file);
            bytes[bytes.length - 1] ^= 1;
            Files.write(file, bytes);
            assertThat(changed()).containsExactly(part);
            bytes[bytes.length - 1] ^= 1;
            Files.write(file, bytes);
        }
        assertThat(changed()).isEmpty();
    }

    @Test
    void aSchedulerAndATokenizerCountWithTheirParts() throws IOException {
        TestModels.edit(copy.resolve("scheduler/scheduler_config.json"), "\"beta_end\": 0.02", "\"beta_end\": 0.03");
        assertThat(changed()).containsExactly("unet");
        TestModels.edit(copy.resolve("tokenizer/tokenizer.json"), "\"version\": \"1.0\"", "\"version\": \"1.1\"");
        assertThat(changed()).containsExactly("text_encoder", "unet");
    }

    @Test
    void whatAPublishersToolNotesDoesNotCount() throws IOException {
        TestModels.edit(copy.resolve("unet/config.json"), "{", "{\"_name_or_path\": \"/srv/models/sd\",");
        assertThat(changed()).isEmpty();
    }

    @Test
    void aPartWhoseWeightsAreElsewhereHasNone() throws IOException {
        Files.delete(copy.resolve("vae/diffusion_pytorch_model.safetensors"));
        assertThat(ModelFolder.open(copy).fingerprints()).containsOnlyKeys("text_encoder", "unet", "upsampler/unet");
    }

    @Test
    void zerosForAbsentPromptsCountWithTheTextEncoders() throws IOException {
        Path model = TestModels.copy(ReferenceFile.path("sdxl"), folder.resolve("sdxl"));
        Map<String, String> before = ModelFolder.open(model).fingerprints();
        TestModels.edit(
                model.resolve("model_index.json"),
                "\"force_zeros_for_empty_prompt\": true",
                "\"force_zeros_for_empty_prompt\": false");
        Map<String, String> after = ModelFolder.open(model).fingerprints();

        assertThat(after.get("unet")).isEqualTo(before.get("unet"));
        for (String encoder : new String[] {"text_encoder", "text_encoder_2"}) {
            assertThat(after.get(encoder)).isNotEqualTo(before.get(encoder));
        }
    }

    /** Two nodes that add different noise to the picture do not hold the same upscaler. */
    @Test
    void theScheduleOfAnUpscalersPictureCountsWithTheUnet() throws IOException {
        Path model = TestModels.copy(ReferenceFile.path("checkpoints/sd1"), folder.resolve("upscaler"));
        TestModels.lay(ReferenceFile.path("beside/upscale-x4"), model);
        Map<String, String> before = ModelFolder.open(model).fingerprints();
        TestModels.edit(
                model.resolve("low_res_scheduler/scheduler_config.json"), "\"beta_end\": 0.02", "\"beta_end\": 0.03");
        Map<String, String> after = ModelFolder.open(model).fingerprints();

        assertThat(before).containsKeys("text_encoder", "unet", "vae");
        assertThat(after.get("unet")).isNotEqualTo(before.get("unet"));
        for (String other : new String[] {"text_encoder", "vae"}) {
            assertThat(after.get(other)).isEqualTo(before.get(other));
        }
    }

    private Set<String> changed() {
        Map<String, String> now = ModelFolder.open(copy).fingerprints();
        assertThat(now.keySet()).isEqualTo(original.keySet());
        Set<String> changed = new TreeSet<>(now.keySet());
        changed.removeIf(part -> now.get(part).equals(original.get(part)));
        return changed;
    }

    @Test
    void theMostNoiseOfAnUpscalersPictureCountsWithTheUnet() throws IOException {
        Path upscaler = TestModels.copy(TestModels.checkpoint("sd1"), folder.resolve("upscaler"));
        TestModels.lay(ReferenceFile.path("beside/upscale-x4"), upscaler);
        var before = ModelFolder.open(upscaler).fingerprints();
        TestModels.edit(upscaler.resolve("model_index.json"), "\"max_noise_level\": 350", "\"max_noise_level\": 300");
        var after = ModelFolder.open(upscaler).fingerprints();

        assertThat(after.get("unet")).isNotEqualTo(before.get("unet"));
        assertThat(after.get("vae")).isEqualTo(before.get("vae"));
    }
}
