package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.SingleFiles.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a single file and its settings say of it, and what is refused of them by name. */
class SingleFileSettingsTest {

    @TempDir
    Path temporary;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "sd2 | checkpoints/sd2 | | | v_prediction",
                "sd2 | checkpoints/sd2 | global_step | | epsilon",
                "sdxl | sdxl_refiner | v_pred | | v_prediction",
                "sdxl | sdxl_refiner | | , \"scheduler\": {\"prediction_type\": \"v_prediction\"} | v_prediction",
                "sdxl | sdxl_refiner | v_pred | , \"scheduler\": {\"prediction_type\": \"epsilon\"} | epsilon",
                "sdxl | sdxl_refiner | edm_vpred.sigma_max | | v_prediction",
                "sd1 | checkpoints/sd1 | | | epsilon",
            })
    void theFileAndItsSettingsSayHowItWasTrained(
            String name, String folder, String flag, String settings, String prediction) throws IOException {
        Map<String, Entry> entries = SingleFiles.tiny(name);
        if (flag != null) {
            entries.put(flag, Entry.floats(flag.equals("global_step") ? 875_000 : 120));
            entries.put("ztsnr", Entry.floats());
        }
        Path file = SingleFiles.write(temporary.resolve("m.safetensors"), entries);
        SingleFiles.settings(file, folder, settings == null ? "" : settings);

        var keys = ModelFolder.open(file).scheduler();

        assertThat(keys.keys().path("prediction_type").asText("epsilon")).isEqualTo(prediction);
        assertThat(keys.keys().path("rescale_betas_zero_snr").asBoolean()).isEqualTo("v_pred".equals(flag));
        if ("edm_vpred.sigma_max".equals(flag)) {
            assertThat(keys.className()).isEqualTo("EDMEulerScheduler");
            assertThat(keys.keys().path("sigma_max").asDouble()).isEqualTo(120);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "sd2, checkpoints/sd2, global_step, 0, 1",
        "sd2, checkpoints/sd2, global_step, 2, 1",
        "sdxl, sdxl_refiner, edm_vpred.sigma_max, 0, 1",
        "sdxl, sdxl_refiner, edm_mean, 0, 4",
        "sdxl, sdxl_refiner, edm_std, 3, 4",
    })
    void numbersOfAnotherCountThanTheyStandForAreRefusedByName(
            String name, String folder, String flag, int count, int expected) throws IOException {
        Map<String, Entry> entries = SingleFiles.tiny(name);
        if (flag.equals("edm_mean") || flag.equals("edm_std")) {
            entries.put("edm_mean", Entry.floats(0, 0, 0, 0));
            entries.put("edm_std", Entry.floats(1, 1, 1, 1));
        }
        entries.put(flag, Entry.floats(new float[count]));
        Path file = SingleFiles.write(temporary.resolve("m.safetensors"), entries);
        SingleFiles.settings(file, folder, "");

        refused(file, flag, "[%d]".formatted(count), "expects %d numbers".formatted(expected));
    }

    @ParameterizedTest
    @CsvSource({
        "sd1, checkpoints/sd1, v, v_prediction",
        "sd2, checkpoints/sd2, epsilon, epsilon",
        "sdxl, sdxl_refiner, v, v_prediction"
    })
    void aNoteOfTheFileSaysHowItWasTrained(String name, String folder, String note, String prediction)
            throws IOException {
        Path file = SingleFiles.write(
                temporary.resolve("m.safetensors"), SingleFiles.tiny(name), Map.of("modelspec.prediction_type", note));
        SingleFiles.settings(file, folder, "");

        assertThat(ModelFolder.open(file)
                        .scheduler()
                        .keys()
                        .path("prediction_type")
                        .asText())
                .isEqualTo(prediction);
    }

    @Test
    void aFileOfAnotherSizeThanItsFamilyIsToldOfTheSetting() throws IOException {
        Path file = SingleFiles.write(temporary.resolve("m.safetensors"), SingleFiles.tiny("sd1"));
        var target = new ComputeTarget("cpu", ComputeTarget.Precision.FP32);

        assertThatThrownBy(() -> ModelFolder.open(file).denoiser(target))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("not of the size of Stable Diffusion 1.x")
                .hasMessageContaining("as \"config\" in " + temporary.resolve("m.weir.json"));
        SingleFiles.settings(file, "checkpoints/sd1", "");
        ModelFolder.open(file).denoiser(target).close();
    }

    @Test
    void aFileThatLacksSomethingIsRefusedByName() throws IOException {
        Map<String, Entry> whole = SingleFiles.tiny("sd1");
        String text = "cond_stage_model.transformer.text_model.encoder.layers.0.mlp.fc1.weight";
        Entry lost = whole.remove(text);
        Path file = SingleFiles.write(temporary.resolve("lost.safetensors"), whole);
        SingleFiles.settings(file, "checkpoints/sd1", "");
        var target = new ComputeTarget("cpu", Precision.FP32);
        assertThatThrownBy(() -> ModelFolder.open(file).textEncoder(target))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(file + ": text_encoder")
                .hasMessageContainingAll("layers.0.mlp.fc1.weight is missing");
        assertThat(ModelReport.inspect(file).runs()).isFalse();

        whole.put(text, lost);
        whole.put("model.diffusion_model.input_blocks.1.0.odd.weight", Entry.floats(1));
        Path more = SingleFiles.write(temporary.resolve("more.safetensors"), whole);
        SingleFiles.settings(more, "checkpoints/sd1", "");
        assertThatThrownBy(() -> ModelFolder.open(more).denoiser(target))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("odd.weight", "more.safetensors", "no weight of this network");

        whole.keySet().removeIf(name -> name.startsWith("cond_stage_model."));
        Path silent = SingleFiles.write(temporary.resolve("silent.safetensors"), whole);
        refused(silent, "no text_encoder", "no whole model");

        byte[] bytes = Files.readAllBytes(file);
        Path half = Files.write(temporary.resolve("half.safetensors"), Arrays.copyOf(bytes, bytes.length / 2));
        refused(half, "a download that is not complete");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"config\": \"none\" | there is no file or folder \"none\"",
                "\"vae\": 4 | vae: there is no file or folder 4",
                "\"scheduler\": \"euler\" | scheduler is not an object",
                "\"scheduler\": {\"beta_stat\": 1} | beta_stat",
                "\"unet\": \"x\" | unet is not one of",
            })
    void wrongSettingsOfAFileAreRefusedByName(String settings, String said) throws IOException {
        Path file = SingleFiles.write(temporary.resolve("m.safetensors"), SingleFiles.published("sd1"));
        Files.writeString(temporary.resolve("m.weir.json"), "{" + settings + "}");

        assertThatThrownBy(() -> ModelFolder.open(file))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(said)
                .hasMessageContaining(temporary.toString());
    }

    @Test
    void aFileThatChangedAfterItWasOpenedIsNotRead() throws IOException {
        Path file = SingleFiles.write(temporary.resolve("m.safetensors"), SingleFiles.tiny("sd1"));
        SingleFiles.settings(file, "checkpoints/sd1", "");
        ModelFolder model = ModelFolder.open(file);
        Files.setLastModifiedTime(file, FileTime.fromMillis(0));

        assertThatThrownBy(() -> model.denoiser(new ComputeTarget("cpu", Precision.FP32)))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining("changed after it was opened");
    }

    /** The base is read on. */
    @Test
    void aRefinersFileThatChangedAfterItWasOpenedIsNotRead() throws IOException {
        Path file = SingleFiles.write(temporary.resolve("m.safetensors"), SingleFiles.tiny("sdxl"));
        Path refiner = SingleFiles.write(temporary.resolve("refiner.safetensors"), SingleFiles.tiny("sdxl-refiner"));
        SingleFiles.settings(file, "sdxl_refiner", ", \"refiner\": \"refiner.safetensors\"");
        PipelineIndex index = PipelineIndex.read(ModelSources.open(file));
        Files.setLastModifiedTime(refiner, FileTime.fromMillis(0));

        assertThat(index.weights("unet").names()).isNotEmpty();
        assertThatThrownBy(() -> index.weights("refiner/unet"))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(refiner + ": ")
                .hasMessageContaining("changed after it was opened");
    }

    private static void refused(Path file, String... said) {
        assertThatThrownBy(() -> ModelFolder.open(file))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContainingAll(said);
    }
}
