package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.network.Networks;
import dev.weir.engine.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files with a transformer in the original naming are the models that they were made of. */
class TransformerFileTest {

    private static final String WEIGHTS = "transformer/diffusion_pytorch_model.safetensors";

    @TempDir
    Path temporary;

    /** The parts that a file does not have come from a folder; those that it has do not. */
    @ParameterizedTest
    @CsvSource({
        "flux-dev, flux/dev, flux/schnell, other",
        "flux-schnell, flux/schnell, flux/dev, ''",
        "sd3, sd3/sd3, sd3/sd3, painted",
        "sd35, sd3/sd35, sd3/sd35, medium",
        "z-image, z_image/model, z_image/model, guided",
        "z-image-all, z_image/model, z_image/model, turbo"
    })
    void aConvertedFileIsTheFolderThatItWasMadeOf(String name, String folder, String scheduler, String picture)
            throws IOException {
        Path original = ReferenceFile.path(folder);
        Path parts = parts(folder, "parts");
        Files.copy(
                ReferenceFile.path(scheduler).resolve("scheduler/scheduler_config.json"),
                replaced(parts.resolve("scheduler/scheduler_config.json")));
        if (name.equals("sd3")) {
            Files.delete(parts.resolve("text_encoder/model.safetensors"));
            Files.delete(parts.resolve("text_encoder_2/model.safetensors"));
            Files.delete(parts.resolve("text_encoder_3/model.safetensors"));
            Files.delete(parts.resolve("vae/diffusion_pytorch_model.safetensors"));
        }
        if (name.equals("z-image-all")) {
            Files.delete(parts.resolve("text_encoder/model.safetensors"));
            Files.delete(parts.resolve("vae/diffusion_pytorch_model.safetensors"));
        }
        Path file = SingleFiles.write(temporary.resolve("one.safetensors"), SingleFiles.tiny(name));
        Path out = temporary.resolve("new");

        Conversion conversion = Conversion.of(file, out, false, GuidedDiffusionOptions.NONE, Optional.of(parts));
        conversion.write(bytes -> {});

        assertThat(conversion.about()).contains("a single file of ", "the diffusers folder new");
        requireSame(PipelineIndex.read(ModelSources.open(out)), PipelineIndex.read(ModelSources.open(original)));
        assertThat(JsonFile.read(out.resolve("vae/config.json")))
                .as("as diffusers has it")
                .isEqualTo(JsonFile.read(original.resolve("vae/config.json")));
        if (!picture.isEmpty()) {
            requireReference(out, folder.split("/")[0], picture);
        }
    }

    private static Path replaced(Path file) throws IOException {
        Files.delete(file);
        return file;
    }

    private Path parts(String folder, String name) throws IOException {
        Path parts = TestModels.copy(ReferenceFile.path(folder), temporary.resolve(name));
        Files.delete(parts.resolve(WEIGHTS));
        return parts;
    }

    private static void requireSame(PipelineIndex converted, PipelineIndex original) {
        assertThat(converted.components()).isEqualTo(original.components());
        for (String part : original.components().keySet()) {
            if (original.component(part).use().isNetwork()) {
                Weights expected = original.weights(part);
                Weights own = converted.weights(part);
                assertThat(own.names()).as(part).isEqualTo(expected.names());
                for (String tensor : expected.names()) {
                    assertThat(own.info(tensor).shape())
                            .as(tensor)
                            .isEqualTo(expected.info(tensor).shape());
                    assertThat(own.bytes(tensor)).as(tensor).isEqualTo(expected.bytes(tensor));
                }
            }
        }
    }

    /** A recorded case of the folder has the same latents. */
    private static void requireReference(Path folder, String family, String name) {
        JsonNode json = ReferenceCases.of(family + "/cases.json")
                .filter(one -> one.get("name").asText().equals(name))
                .findFirst()
                .orElseThrow();
        try (var run =
                new WorkflowRun(ModelFolder.open(folder), new ComputeTarget("cpu", Precision.FP32, Engine.TORCH))) {
            Row row = run.begin(json);
            run.finish(json, List.of(row));
            String last = name + "/step " + (row.steps() - 1);
            requireClose(
                    row.state().sample(),
                    ReferenceFile.open(family + "/io.safetensors").floats(last),
                    last);
        }
    }

    /** The configuration that follows from the shapes has these shapes. */
    @ParameterizedTest
    @CsvSource({
        "flux-dev, flux/dev, num_single_layers, 38",
        "flux-schnell, flux/dev, num_layers, 19",
        "sd3-medium, sd3/sd3, num_attention_heads, 24",
        "sd3.5-medium, sd3/sd35, pos_embed_max_size, 384",
        "sd3.5-large, sd3/sd35, num_layers, 38",
        "z-image, z_image/model, n_heads, 30"
    })
    void aPublishedFileSaysItsConfiguration(String name, String folder, String key, int value) throws IOException {
        Path parts = parts(folder, "parts");
        Files.delete(parts.resolve("transformer/config.json"));
        Path file = SingleFiles.write(temporary.resolve("one.safetensors"), SingleFiles.published(name));
        TransformerFile source =
                TransformerFile.of(WeightFile.open(file), Optional.of(parts)).orElseThrow();
        PipelineIndex index = PipelineIndex.read(source);

        JsonNode config = index.config("transformer").json();
        Weights weights = index.weights("transformer");

        assertThat(config.get(key).asInt()).isEqualTo(value);
        assertThat(config.path("guidance_embeds").asBoolean()).isEqualTo(name.equals("flux-dev"));
        var shapes = Networks.shapes(config);
        assertThat(weights.names()).isEqualTo(shapes.keySet());
        shapes.forEach((tensor, shape) -> assertThat(
                        Arrays.stream(weights.info(tensor).shape()).mapToInt(side -> (int) side))
                .as(tensor)
                .containsExactlyElementsOf(shape));
    }

    /** Its name is its own, and so is what the file's own settings say. */
    @Test
    void whatTheFolderSaysOfItsPicturesCountsForTheFile() throws IOException {
        Path parts = parts("z_image/model", "parts");
        Files.writeString(
                parts.resolve("weir.json"),
                """
                {"id": "other", "native_size": 64, "scheduler": {"shift": 2.5},
                 "defaults": {"steps": 3, "guidance_scale": 0.5, "sampler": "flow_lcm"}}
                """);
        Path file = SingleFiles.write(temporary.resolve("one.safetensors"), SingleFiles.tiny("z-image"));
        Files.writeString(temporary.resolve("one.weir.json"), "{\"config\": \"parts\", \"defaults\": {\"steps\": 5}}");
        Path out = temporary.resolve("new");

        convert(file, out, parts).write(bytes -> {});

        assertThat(JsonFile.read(out.resolve("scheduler/scheduler_config.json"))
                        .get("shift")
                        .asDouble())
                .isEqualTo(2.5);
        for (Path path : List.of(out, file)) {
            ModelCard card = ModelFolder.open(path).card();
            assertThat(card.id()).isEqualTo(path.equals(out) ? "new" : "one");
            assertThat(card.nativeSize()).isEqualTo(64);
            assertThat(card.defaults().steps()).isEqualTo(5);
            assertThat(card.defaults().guidanceScale()).isEqualTo(0.5f);
            assertThat(card.defaults().sampler()).isEqualTo("flow_lcm");
        }
    }

    /** The steps of schnell are too few for dev. */
    @Test
    void ofAFolderWithAnotherTransformerTheSizeAloneCounts() throws IOException {
        Path parts = parts("flux/schnell", "parts");
        Files.writeString(parts.resolve("weir.json"), "{\"native_size\": 64, \"defaults\": {\"steps\": 4}}");
        Path file = SingleFiles.write(temporary.resolve("one.safetensors"), SingleFiles.tiny("flux-dev"));
        Path out = temporary.resolve("new");

        convert(file, out, parts).write(bytes -> {});

        assertThat(JsonFile.read(out.resolve("weir.json")).toString()).isEqualTo("{\"native_size\":64}");
        assertThat(ModelFolder.open(out).card().defaults().steps()).isEqualTo(28);
    }

    @ParameterizedTest
    @CsvSource({"flux-dev, flux/schnell, false", "flux-schnell, flux/schnell, true", "flux-schnell, flux/dev, false"})
    void ofFluxTheScheduleOfAFolderWithoutATransformerTellsWhetherItsStepsCount(
            String name, String folder, boolean isFor) throws IOException {
        Path parts = parts(folder, "parts");
        Files.delete(parts.resolve("transformer/config.json"));
        Files.writeString(parts.resolve("weir.json"), "{\"native_size\": 64, \"defaults\": {\"steps\": 4}}");
        Path file = SingleFiles.write(temporary.resolve("one.safetensors"), SingleFiles.tiny(name));

        ModelSettings settings = TransformerFile.of(WeightFile.open(file), Optional.of(parts))
                .orElseThrow()
                .settings();

        assertThat(settings.nativeSize()).contains(64);
        assertThat(settings.steps().isPresent()).isEqualTo(isFor);
    }

    /** Configurations that come with Weir lie in its archive, where a user finds nothing. */
    @Test
    void aMessageNamesTheFileInThePlaceOfWhatComesWithWeir() throws IOException {
        Path parts = parts("z_image/model", "parts");
        Files.delete(parts.resolve("transformer/config.json"));
        Map<String, SingleFiles.Entry> tensors = SingleFiles.tiny("z-image");
        Path file = SingleFiles.write(temporary.resolve("one.safetensors"), tensors);

        assertThatThrownBy(() -> convert(file, temporary.resolve("new"), parts))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(
                        file + ": ZImageTransformer2DModel: option axes_dims = [32,48,48] is not supported")
                .hasMessageNotContaining("families");
    }

    /** Without a conversion, its settings name the folder with the other parts. */
    @Test
    void aFileRunsAsItIs() throws IOException {
        Path parts = parts("flux/schnell", "parts");
        Path file = SingleFiles.write(temporary.resolve("one.safetensors"), SingleFiles.tiny("flux-schnell"));
        assertThatThrownBy(() -> ModelFolder.open(file))
                .hasMessageContainingAll("a single-file checkpoint of FLUX", "NAME.weir.json", "--parts");

        Files.writeString(temporary.resolve("one.weir.json"), "{\"config\": \"parts\", \"native_size\": 64}");

        ModelReport report = ModelReport.inspect(file);
        assertThat(report.runs()).as(report.toString()).isTrue();
        assertThat(ModelFolder.open(file).card().id()).isEqualTo("one");
        requireReference(file, "flux", "schnell");
        Files.delete(parts.resolve("text_encoder/model.safetensors"));
        assertThatThrownBy(() -> ModelFolder.open(file)).hasMessageContaining("text_encoder");
    }

    @Test
    void whatDoesNotFitIsRefused() throws IOException {
        Path file = SingleFiles.write(temporary.resolve("one.safetensors"), SingleFiles.tiny("flux-dev"));
        Path out = temporary.resolve("new");

        assertThatThrownBy(() -> Conversion.of(file, out, false)).hasMessageContaining("--parts FOLDER");
        assertThatThrownBy(() -> convert(file, out, ReferenceFile.path("sd3/sd3")))
                .hasMessageContaining("its parts are not for Flux.1");
        assertThatThrownBy(() -> convert(file, temporary.resolve("other.safetensors"), ReferenceFile.path("flux/dev")))
                .hasMessageContaining("--parts is for");
        Path sd1 = SingleFiles.write(temporary.resolve("sd1.safetensors"), SingleFiles.tiny("sd1"));
        assertThatThrownBy(() -> convert(sd1, out, ReferenceFile.path("flux/dev")))
                .hasMessageContaining("--parts is for");
        assertThat(out).doesNotExist();
    }

    /** As in the published files with text encoders, whose diffusers' conversion adds it. */
    @Test
    void theSmallerClipOfStableDiffusion3HasNoProjectionInComfyUisFiles() throws IOException {
        Map<String, SingleFiles.Entry> tensors = SingleFiles.tiny("sd3");
        assertThat(tensors.remove("text_encoders.clip_l.transformer.text_projection.weight"))
                .isNotNull();
        tensors.put("text_encoders.clip_l.logit_scale", SingleFiles.Entry.floats(1));
        Path file = SingleFiles.write(temporary.resolve("one.safetensors"), tensors);
        PipelineIndex index =
                PipelineIndex.read(TransformerFile.of(WeightFile.open(file), Optional.of(ReferenceFile.path("sd3/sd3")))
                        .orElseThrow());
        index.source().requireReadable(index);

        Weights clip = index.weights("text_encoder");
        int width = (int) clip.info("text_model.final_layer_norm.weight").shape()[0];
        float[] identity = new float[width * width];
        for (int i = 0; i < width; i++) {
            identity[i * width + i] = 1;
        }
        assertThat(clip.info("text_projection.weight").shape()).containsExactly(width, width);
        assertThat(clip.floats("text_projection.weight")).containsExactly(identity);
        // The tiny folder's is not square as the published one's.
        ObjectNode config = (ObjectNode) index.config("text_encoder").json();
        Networks.check(config.put("projection_dim", width), clip);
    }

    /** ComfyUI's files of Z-Image have one tensor that no network reads. */
    @Test
    void aFileOfZImageHasNoOtherTensors() throws IOException {
        Map<String, SingleFiles.Entry> tensors = SingleFiles.tiny("z-image");
        tensors.put("norm_final.weight", SingleFiles.Entry.floats(1));
        Path folder = ReferenceFile.path("z_image/model");
        Path file = SingleFiles.write(temporary.resolve("one.safetensors"), tensors);
        assertThat(convert(file, temporary.resolve("new"), folder)).isNotNull();

        tensors.put("siglip_embedder.0.weight", SingleFiles.Entry.floats(1));
        Path omni = SingleFiles.write(temporary.resolve("omni.safetensors"), tensors);
        assertThatThrownBy(() -> convert(omni, temporary.resolve("new"), folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("siglip_embedder.0.weight");
    }

    /** Of all-in-one files of Flux.1. */
    @Test
    void theAutoencoderOfComfyUisFilesIsTheFilesOwn() throws IOException {
        Map<String, SingleFiles.Entry> tensors = new LinkedHashMap<>();
        SingleFiles.tiny("sd3")
                .forEach((name, tensor) -> tensors.put(name.replace("first_stage_model.", "vae."), tensor));
        Path file = SingleFiles.write(temporary.resolve("one.safetensors"), tensors);
        Path parts = parts("sd3/sd3", "parts");
        Files.delete(parts.resolve("vae/diffusion_pytorch_model.safetensors"));
        Path out = temporary.resolve("new");

        convert(file, out, parts).write(bytes -> {});

        requireSame(
                PipelineIndex.read(ModelSources.open(out)),
                PipelineIndex.read(ModelSources.open(ReferenceFile.path("sd3/sd3"))));
    }

    /** What the transformer's own file has beside it is not left out silently. */
    @ParameterizedTest
    @CsvSource({
        "controlnet.input_hint_block.0.bias, 'tensor of no part of Stable Diffusion 3, such as controlnet.input_'",
        "model.diffusion_model.controlnet_blocks.0.bias, controlnet_blocks.0.bias",
        "text_encoders.gemma.transformer.norm.weight, 'such as text_encoders.gemma'",
        "model_ema.decay, ''",
        "model.model_sampling.sigmas, ''"
    })
    void otherPartsAreRefused(String tensor, String problem) throws IOException {
        Map<String, SingleFiles.Entry> tensors = SingleFiles.tiny("sd35");
        tensors.put(tensor, SingleFiles.Entry.floats(1));
        Path file = SingleFiles.write(temporary.resolve("one.safetensors"), tensors);
        Path out = temporary.resolve("new");
        if (problem.isEmpty()) {
            assertThat(convert(file, out, ReferenceFile.path("sd3/sd35"))).isNotNull();
        } else {
            assertThatThrownBy(() -> convert(file, out, ReferenceFile.path("sd3/sd35")))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining(problem);
        }
    }

    /** Fill sees a mask and a picture beside the latents; a ControlNet has no last layer. */
    @Test
    void anotherTransformerOfTheFamilyIsRefusedBeforeItIsWritten() throws IOException {
        Map<String, SingleFiles.Entry> fill = SingleFiles.tiny("flux-dev");
        fill.computeIfPresent("img_in.weight", (name, entry) -> {
            byte[] bytes = new byte[2 * entry.bytes().length];
            return new SingleFiles.Entry(entry.type(), new long[] {entry.shape()[0], 2 * entry.shape()[1]}, bytes);
        });
        Map<String, SingleFiles.Entry> control = SingleFiles.tiny("flux-dev");
        control.keySet().removeIf(name -> name.startsWith("final_layer."));
        Path folder = ReferenceFile.path("flux/dev");
        Path out = temporary.resolve("new");

        Path fillFile = SingleFiles.write(temporary.resolve("fill.safetensors"), fill);
        assertThatThrownBy(() -> convert(fillFile, out, folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("in_channels");
        Path controlFile = SingleFiles.write(temporary.resolve("control.safetensors"), control);
        assertThatThrownBy(() -> convert(controlFile, out, folder))
                .isInstanceOf(ModelException.class)
                .hasMessage("%s: tensor proj_out.weight is missing", controlFile);
        assertThat(out).doesNotExist();
    }

    /** Its type counts: folders may be named after the pipeline that somebody wrote them with. */
    @Test
    void theFolderMayNameAnyPipelineOfTheFamily() throws IOException {
        Path parts = parts("flux/dev", "parts");
        Path index = parts.resolve(PipelineIndex.FILE);
        Files.writeString(index, Files.readString(index).replace("FluxPipeline", "FluxImg2ImgPipeline"));
        Path file = SingleFiles.write(temporary.resolve("one.safetensors"), SingleFiles.tiny("flux-dev"));
        Path out = temporary.resolve("new");

        convert(file, out, parts).write(bytes -> {});

        assertThat(ModelReport.inspect(out).runs()).isTrue();
    }

    private static Conversion convert(Path file, Path out, Path parts) {
        return Conversion.of(file, out, false, GuidedDiffusionOptions.NONE, Optional.of(parts));
    }
}
