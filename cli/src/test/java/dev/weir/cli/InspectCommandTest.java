package dev.weir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.proto.v1.Field;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Workflow;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class InspectCommandTest {

    private static final Path FIXTURES =
            Path.of("../engine/src/test/resources/reference").toAbsolutePath();

    @TempDir
    Path folder;

    @Test
    void theWorkflowsAreToldWithTheirSizesAndInputs() {
        assertThat(inspect(0, FIXTURES.resolve("sdxl").toString()))
                .containsPattern(
                        "workflow text_to_image: text-encoder \\(text-encoder node\\), denoiser \\(denoiser node\\), decoder \\(decoder node\\); sides are multiples of \\d+ from \\d+ to \\d+, by default (\\d+)x\\1\n")
                .contains(
                        "\n  takes: prompt (required), negative_prompt, prompt_syntax, guidance_scale (0 to 50), guidance_rescale (0 to 1), guidance_start (0 to 1), guidance_end (0 to 1), guidance_reuse, clip_skip (")
                .contains("), original_size, crop\n")
                .contains("Every workflow takes: size, n (1 to 10), seed", "num_inference_steps (1 to 1000)");
        assertThat(inspect(0, FIXTURES.resolve("checkpoints/default").toString()))
                .contains("workflow text_to_image: ")
                .contains(
                        "workflow text_to_image_upsampled: text-encoder (text-encoder node), denoiser (denoiser node), upsampler (upsampler node), decoder (decoder node);")
                .doesNotContain("original_size");
    }

    /** What a model leaves no choice of is not listed as if there were one. */
    @Test
    void aModelOfOneSizeSaysSo() {
        assertThat(inspect(0, FIXTURES.resolve("dit/plain").toString()))
                .containsPattern("decoder \\(decoder node\\); pictures of (\\d+)x\\1\n")
                .containsPattern("Every workflow takes: n \\(1 to 10\\), seed \\([^)]*\\), num_inference_steps \\(")
                .doesNotContain("sides are multiples");
    }

    @Test
    void aModelOfPointsHasNoSize() {
        Workflow clouds = Workflow.newBuilder()
                .setName("points")
                .addFields(Field.newBuilder().setName("output_format"))
                .build();
        StringWriter out = new StringWriter();

        new ModelSheet(
                        ModelCard.newBuilder()
                                .setNativeSize(64)
                                .addWorkflows(clouds)
                                .build(),
                        List.of())
                .print(new PrintWriter(out, true));

        assertThat(out.toString())
                .contains("workflow points: ; clouds of points\n")
                .doesNotContain("64x64");
    }

    @Test
    void modelsThatVaryAPictureSaySo() {
        assertThat(inspect(0, FIXTURES.resolve("variations/plain").toString()))
                .contains(
                        "workflow image_variation: vision-encoder (text-encoder node), denoiser (denoiser node), decoder (decoder node);")
                .contains(
                        "\n  takes: init_image (required), guidance_scale (0 to 50), guidance_rescale (0 to 1), guidance_start (0 to 1), guidance_end (0 to 1), guidance_reuse\n")
                .containsPattern("\nimage_encoder +CLIPVisionModelWithProjection ");
        assertThat(inspect(0, FIXTURES.resolve("variations/unclip").toString()))
                .contains("takes: init_image (required), noise_level (0 to 999), prompt, negative_prompt,")
                .containsPattern("\nimage_normalizer +StableUnCLIPImageNormalizer ");
    }

    @Test
    void aLoraIsToldWithItsFormatNetworksAndRanks() throws Exception {
        assertThat(inspect(0, FIXTURES.resolve("lora/kohya.safetensors").toString()))
                .contains("kohya.safetensors  a LoRA with the names of kohya\n")
                .containsPattern("\nnetwork +layers +kinds +ranks\n")
                .containsPattern("\ntext_encoder +12 +LoRA +[0-9, ]+\n")
                .containsPattern("\nunet +128 +LoRA +[0-9, ]+\n")
                .contains("--lora-dir");
        JsonNode json = new ObjectMapper()
                .readTree(inspect(0, FIXTURES.resolve("lora/loha.safetensors").toString(), "--json"));
        assertThat(json.path("runs").booleanValue()).isTrue();
        assertThat(json.path("networks").path(0).path("kinds").path(0).textValue())
                .isEqualTo("LoHa");
        assertThat(json.path("networks").path(0).path("ranks")).isNotEmpty();
    }

    @Test
    void ofAFolderOfFilesBesideModelsEachIsTold() throws Exception {
        for (String file : List.of(
                "lora/kohya.safetensors",
                "words/embeddings/xl.safetensors",
                "ip_adapter/models/ip-adapter_sd15.safetensors")) {
            Path from = FIXTURES.resolve(file);
            Files.copy(from, folder.resolve(from.getFileName().toString()));
        }
        Path net = Files.createDirectory(folder.resolve("edges"));
        for (String file : List.of("config.json", "diffusion_pytorch_model.safetensors")) {
            Files.copy(FIXTURES.resolve("controlnets/sd1/edges").resolve(file), net.resolve(file));
        }
        Files.writeString(folder.resolve("readme.txt"), "of no interest");
        assertThat(inspect(0, folder.toString())).doesNotContain("does not run");
        Files.write(folder.resolve("half.safetensors"), new byte[20]);

        assertThat(inspect(1, folder.toString()))
                .startsWith(net + "  a ControlNet for models whose prompts are 32 wide\n")
                .contains(
                        folder.resolve("ip-adapter_sd15.safetensors") + "  an IP-Adapter for",
                        folder.resolve("kohya.safetensors") + "  a LoRA with the names of kohya\n",
                        folder.resolve("xl.safetensors") + "  a textual inversion for SDXL\n")
                .containsPattern("\n\\S+/half\\.safetensors.* 20\\b")
                .doesNotContain("readme");
        JsonNode json = new ObjectMapper().readTree(inspect(1, folder.toString(), "--json"));
        assertThat(json.path("runs").booleanValue()).isFalse();
        assertThat(json.path("files")).hasSize(4);
        assertThat(json.path("files").findValuesAsText("form"))
                .containsExactly("a ControlNet", "an IP-Adapter", "a LoRA", "a textual inversion");
        assertThat(json.path("others")).hasSize(1);
    }

    @Test
    void aLoraThatWeirDoesNotRunSaysWhy() throws Exception {
        String header =
                """
                {"unet.a.lora_A.weight": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]},
                 "unet.a.lora_magnitude_vector": {"dtype": "F32", "shape": [1], "data_offsets": [8, 12]}}
                """;
        ByteBuffer file = ByteBuffer.allocate(8 + header.length() + 12).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(header.length()).put(header.getBytes(StandardCharsets.US_ASCII));
        Path dora = Files.write(folder.resolve("dora.safetensors"), file.array());

        assertThat(inspect(1, dora.toString())).contains("does not run: it has DoRA, which Weir does not run");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "controlnets/sd1/edges | a ControlNet | models whose prompts are 32 wide | --controlnet-dir",
                "controlnets/sd1/edges/diffusion_pytorch_model.safetensors | a ControlNet | models whose prompts are 32 wide | --controlnet-dir",
                "t2i_adapters/sd1/full | a T2I-Adapter | models of an unknown family | --controlnet-dir",
                "t2i_adapters/sd1/light/diffusion_pytorch_model.safetensors | a T2I-Adapter | models of an unknown family | --controlnet-dir",
                "ip_adapter/models/ip-adapter_sd15.safetensors | an IP-Adapter | models whose prompts are 32 wide | --ip-adapter-dir",
                "words/embeddings/sd1-toy.safetensors | a textual inversion | models whose prompts are 32 wide | --embedding-dir",
                "words/embeddings/xl.safetensors | a textual inversion | SDXL | --embedding-dir",
            })
    void whatGoesBesideAModelIsToldWithTheModelsThatItIsFor(String place, String form, String models, String flag)
            throws Exception {
        String path = FIXTURES.resolve(place).toString();
        assertThat(inspect(0, path))
                .startsWith("%s  %s for %s\n".formatted(path, form, models))
                .containsPattern("\n[0-9.]+( [KMG])? parameters, [0-9.]+ [KM]?B, F(16|32)\n")
                .contains(flag)
                .endsWith("A node offers it for models that it fits.\n");
        JsonNode json = new ObjectMapper().readTree(inspect(0, path, "--json"));
        assertThat(json.path("form").textValue()).isEqualTo(form);
        assertThat(json.path("models").textValue()).isEqualTo(models);
        assertThat(json.path("runs").booleanValue()).isTrue();
    }

    @Test
    void anIpAdapterOfAKindThatWeirDoesNotRunSaysWhy() throws Exception {
        String header = "{\"image_proj.norm.weight\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}}";
        ByteBuffer file = ByteBuffer.allocate(8 + header.length() + 4).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(header.length()).put(header.getBytes(StandardCharsets.US_ASCII));
        Path face = Files.write(folder.resolve("face.safetensors"), file.array());

        assertThat(inspect(1, face.toString())).contains("does not run: it is an IP-Adapter of the kind FaceID");
    }

    @Test
    void aPartOfAControlNetOfAnotherClassSaysWhyItDoesNotRun() throws Exception {
        Path net = Files.createDirectory(folder.resolve("union"));
        Path edges = FIXTURES.resolve("controlnets/sd1/edges");
        Files.copy(
                edges.resolve("diffusion_pytorch_model.safetensors"),
                net.resolve("diffusion_pytorch_model.safetensors"));
        Files.writeString(net.resolve("config.json"), "{\"_class_name\": \"ControlNetUnionModel\"}");

        assertThat(inspect(1, net.toString()))
                .contains("does not run: it is of the class ControlNetUnionModel, which Weir does not run");
    }

    @Test
    void samplersAreToldWithTheirSchedules() {
        assertThat(inspect(0, FIXTURES.resolve("checkpoints/sd1").toString()))
                .containsPattern("\nsampler +eta +steps +schedules\n")
                .containsPattern("\neuler +1 to 1000 +.*karras")
                .containsPattern("\nddim +0 to 1 +1 to 999\n");
    }

    @Test
    void theMemoryIsToldForEachPlaceWithTheRuleOfTheEstimate() {
        assertThat(inspect(0, FIXTURES.resolve("sdxl").toString()))
                .containsPattern("\nCPU, fp32 +[0-9.]+ [KM]B ")
                .containsPattern("\nCPU with matrix units, bf16 +[0-9.]+ [KM]B ")
                .containsPattern("\nGPU, fp16 +[0-9.]+ [KM]B ")
                .contains("parameters times 4 bytes", "more than a quarter of the memory");
    }

    @Test
    void theSameIsToldAsJson() throws Exception {
        JsonNode json =
                new ObjectMapper().readTree(inspect(0, FIXTURES.resolve("sdxl").toString(), "--json"));

        assertThat(json.path("runs").booleanValue()).isTrue();
        assertThat(json.path("path").textValue()).endsWith("sdxl");
        assertThat(json.path("form").textValue()).isEqualTo("a diffusers folder");
        assertThat(json.path("pipeline").textValue()).isEqualTo("StableDiffusionXLPipeline");
        assertThat(json.path("model").path("id").textValue()).isEqualTo("sdxl");
        JsonNode workflow = json.path("model").path("workflows").path(0);
        assertThat(workflow.path("fields").path(0).path("name").textValue()).isEqualTo("prompt");
        assertThat(workflow.path("fields").path(0).path("required").booleanValue())
                .isTrue();
        assertThat(json.path("model").path("sampler_choices").path(0).has("schedules"))
                .isTrue();
        long weights = json.path("memory").path(0).path("weights_bytes").longValue();
        assertThat(weights).isPositive();
        assertThat(json.path("memory").path(0).path("least_bytes").longValue()).isGreaterThan(weights);
        assertThat(json.path("engine").path("name").textValue()).isIn("onnx", "torch");
        assertThat(json.path("components").findValuesAsText("name")).contains("unet", "vae", "text_encoder_2");
    }

    @Test
    void aModelThatDoesNotRunSaysWhyInBoth() throws Exception {
        Path broken = Files.createDirectory(folder.resolve("broken"));
        Files.writeString(
                broken.resolve("model_index.json"),
                "{\"_class_name\": \"StableDiffusionPipeline\", \"unet\": [\"diffusers\", \"UNet2DConditionModel\"]}");

        assertThat(inspect(1, broken.toString()))
                .contains("does not run, for the problems above")
                .doesNotContain("workflow ");
        JsonNode json = new ObjectMapper().readTree(inspect(1, broken.toString(), "--json"));
        assertThat(json.path("runs").booleanValue()).isFalse();
        assertThat(json.path("problem").textValue()).contains("broken");
        assertThat(json.has("model")).isFalse();

        JsonNode nothing = new ObjectMapper().readTree(inspect(1, folder.toString(), "--json"));
        assertThat(nothing.path("problem").textValue()).contains(folder.toString());
        assertThat(nothing.path("components")).isEmpty();
    }

    private String inspect(int exitCode, String... args) {
        StringWriter out = new StringWriter();
        PrintWriter writer = new PrintWriter(out, true);
        String[] command = new String[args.length + 2];
        command[0] = "models";
        command[1] = "inspect";
        System.arraycopy(args, 0, command, 2, args.length);
        assertThat(Main.run(Map.of(), folder, writer, writer, command))
                .as(out.toString())
                .isEqualTo(exitCode);
        return out.toString();
    }
}
