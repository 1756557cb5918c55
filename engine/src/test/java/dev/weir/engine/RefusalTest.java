package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A path that is no model of Weir's is refused with what it is and what to do, the same by opening and by inspecting. */
class RefusalTest {

    private static final String POINTER =
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1\nsize 3438167534\n";

    @TempDir
    Path temporary;

    /** A pipe is one too, and reading it would wait for ever. */
    @Test
    void whatIsNeitherAFileNorAFolderIsNotRead() throws IOException {
        Path socket = temporary.resolve("a.safetensors");
        try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            refused(socket, "neither a file nor a folder", "file or folder");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "lora_unet_down_blocks_0_attentions_0.lora_down.weight:4x320 | a LoRA | --lora-dir",
                "unet.down_blocks.0.attentions.0.to_q.lora_A.weight:4x320 | a LoRA | --lora-dir",
                "lora_te_text_model.hada_w1_a:4x4 | a LoRA | --lora-dir",
                "emb_params:2x768 | a textual inversion | --embedding-dir",
                "clip_g:2x1280,clip_l:2x768 | a textual inversion | --embedding-dir",
                "control_model.input_blocks.0.0.weight:320x4x3x3 | a ControlNet | --controlnet-dir",
                "controlnet_cond_embedding.conv_in.weight:16x3x3x3 | a ControlNet | --controlnet-dir",
                "conv_in.weight:320x64x3x3,body.0.block1.weight:320x320x3x3 | a T2I-Adapter | --controlnet-dir",
                "adapter.body.0.resnets.0.block1.weight:320x320x3x3 | a T2I-Adapter | --controlnet-dir",
                "ip_adapter.1.to_k_ip.weight:4x4,image_proj.proj.weight:4x4 | an IP-Adapter | --ip-adapter-dir",
                "input_blocks.0.0.weight:320x4x3x3 | a UNet alone | whole model",
                "model.diffusion_model.joint_blocks.0.x_block.mlp.fc1.bias:4 | a single-file checkpoint of Stable Diffusion 3 | --parts FOLDER",
                "double_blocks.0.img_attn.qkv.weight:4x4 | a single-file checkpoint of FLUX | --parts FOLDER",
                "cap_embedder.1.weight:4x4,noise_refiner.0.ffn_norm1.weight:4 | a single-file checkpoint of a transformer like Z-Image's | Of these, Weir runs Z-Image only",
                "model.diffusion_model.cap_pad_token:1x4 | a single-file checkpoint of Z-Image | --parts FOLDER",
                "down_blocks.0.resnets.0.conv1.weight:8x8x3x3 | a UNet alone | whole model",
                "decoder.conv_in.weight:8x4x3x3,encoder.conv_in.weight:8x3x3x3 | an autoencoder (VAE) alone | --vae FILE",
                "text_model.embeddings.token_embedding.weight:4x4 | a text encoder alone | whole model",
                "clip_txt_mapper.weight:4x4,down_blocks.0.0.channelwise.0.weight:4x4 | a single file of Stable Cascade | stable-cascade-prior in its folder prior",
                "model.diffusion_model.effnet_mapper.0.weight:4,model.diffusion_model.down_blocks.0.0.x:4 | a single file of Stable Cascade | stabilityai/stable-cascade",
                "something.else:4 | a safetensors file of an unknown kind | diffusers folder",
            })
    void aSafetensorsFileIsToldByItsTensors(String tensors, String what, String advice) throws IOException {
        Path file = temporary.resolve("model.safetensors");
        write(file, tensors);

        refused(file, what, advice);
        refused(temporary, what, advice);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "model.diffusion_model.input_blocks.0.0.weight:4x8x3x3 | an image editing model: 8 input channels | diffusers folder that it was published as",
                "model.diffusion_model.input_blocks.0.0.weight:4x5x3x3 | a depth-to-image model: 5 input channels | diffusers folder that it was published as",
                "model.diffusion_model.input_blocks.0.0.weight:4x7x3x3 | an upscaler: 7 input channels | diffusers folder that it was published as",
            })
    void aSingleFileForAnotherTaskIsToldByItsChannels(String unet, String what, String advice) throws IOException {
        Path file = temporary.resolve("model.safetensors");
        write(file, unet + ",first_stage_model.decoder.conv_in.weight:4,cond_stage_model.transformer.text_model.x:4");

        refused(file, what, advice);
        refused(temporary, "a single-file checkpoint of Stable Diffusion 1.x", "Give the file itself");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cond_stage_model.transformer.token_emb.weight:10x8",
                "cond_stage_model.embedding.weight:10x8",
                "first_stage_model.quantize.embedding.weight:8x3",
                "model.diffusion_model.middle_block.1.qkv.weight:12x4",
            })
    void aSingleFileOfLatentDiffusionIsNoStableDiffusion(String more) throws IOException {
        Path file = temporary.resolve("model.safetensors");
        write(
                file,
                "model.diffusion_model.input_blocks.0.0.weight:4x4x3x3,first_stage_model.decoder.conv_in.weight:4,"
                        + more);

        refused(file, "a single file of CompVis' latent diffusion", "CompVis/ldm-text2im-large-256");
        refused(temporary, "a single file of CompVis' latent diffusion", "CompVis/ldm-text2im-large-256");
    }

    /** The UNet of unCLIP is told the embedding of a picture of 1024 or 768 numbers, where SDXL's is told sizes. */
    @ParameterizedTest
    @CsvSource({
        "2048, 'cond_stage_model.model.ln_final.weight:4,embedder.model.visual.proj:4x4'",
        "1536, 'cond_stage_model.model.ln_final.weight:4'",
        "2048, 'model.diffusion_model.input_blocks.2.1.transformer_blocks.0.attn2.to_k.weight:4x1024'",
    })
    void aSingleFileOfUnclipIsNoSdxl(int told, String more) throws IOException {
        Path file = temporary.resolve("model.safetensors");
        write(
                file,
                "model.diffusion_model.input_blocks.0.0.weight:4x4x3x3,model.diffusion_model.label_emb.0.0.weight:4x%d,%s"
                        .formatted(told, more));

        refused(file, "Stable Diffusion 2.1 unCLIP", "Give the diffusers folder that it was published as");
        refused(temporary, "Stable Diffusion 2.1 unCLIP", "Give the diffusers folder that it was published as");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "v1-5-pruned.ckpt | pickled weights (.ckpt) | weir models convert FILE NEW_FOLDER",
                "v1-5.pth | pickled weights (.pth) | NAME.safetensors for a part of a model",
                "model.pt | pickled weights (.pt) | weir models convert FILE NEW_FOLDER",
                "learned_embeds.bin | pickled weights (.bin) | weir models convert FOLDER NEW_FOLDER",
                "flux1-dev-Q4.gguf | a GGUF export | original diffusers folder",
                "model.onnx | an ONNX export | original diffusers folder",
                "flax_model.msgpack | a Flax export | original diffusers folder",
                "model.safetensors.incomplete | a download that is not complete | again",
                "model.safetensors.part | a download that is not complete | again",
            })
    void anotherFileIsToldByItsName(String name, String what, String advice) throws IOException {
        Path file = temporary.resolve(name);
        Files.writeString(file, "x");

        refused(file, what, advice);
        refused(temporary, what, advice);
    }

    @Test
    void aPointerOfGitLfsAndAHalfOfAFileAreNoWeights() throws IOException {
        Path file = temporary.resolve("model.safetensors");
        Files.writeString(file, POINTER);
        refused(file, "git-lfs pointer files instead of weights", "git lfs pull");
        Files.write(file, new byte[] {1, 0, 0, 0, 0, 1, 0, 0, 0});
        refused(file, "a download that is not complete", "again");
        refused(temporary.resolve("archive.zip"), "no such file or folder", "model_index.json");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[] | header: not a JSON object",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [-1], \"data_offsets\": [0, 4]}} | shape[0] is not a count but -1",
                "{\"a\": {\"dtype\": null, \"shape\": [1], \"data_offsets\": [0, 4]}} | dtype null is not one of",
                "{\"a\": {\"shape\": [1], \"data_offsets\": [0, 4]}} | dtype missing is not one of",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [1099511627776, 1099511627776], \"data_offsets\": [0, 4]}} | is too large",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}, \"b\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}} | overlaps",
                "{\"a\" | header",
            })
    void aDamagedFileIsNoUnfinishedDownload(String header, String reason) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(8 + json.length + 4).order(ByteOrder.LITTLE_ENDIAN);
        Path damaged = Files.write(
                temporary.resolve("model.safetensors"),
                file.putLong(json.length).put(json).array());

        refused(damaged, "a damaged file (", reason);
        refused(damaged, "Get it again from where it was published", reason);
    }

    @Test
    void aFileThatCannotBeReadSaysOnlyThat() {
        var unread = new WeightsException(WeightsException.Cause.UNREADABLE, "x");
        Path file = Path.of("m.safetensors");
        assertThat(Refusal.unread(unread, "cannot be read: Permission denied").at(file))
                .hasMessage("m.safetensors: cannot be read: Permission denied");
        assertThat(Refusal.unread(unread, "cannot be read: Permission denied").at(file, "unet"))
                .hasMessage("m.safetensors: cannot be read: Permission denied (unet)");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"_class_name\": \"ControlNetModel\"} | a ControlNet",
                "{\"_class_name\": \"T2IAdapter\"} | a T2I-Adapter",
                "{\"_class_name\": \"UNet2DConditionModel\"} | one part of a model (UNet2DConditionModel)",
                "{\"_class_name\": \"FluxTransformer2DModel\"} | one part of a model (FluxTransformer2DModel)",
                "{\"architectures\": [\"LlamaForCausalLM\"]} | a transformers model (LlamaForCausalLM)",
            })
    void aFolderOfOnePartIsToldByItsConfiguration(String config, String what) throws IOException {
        Files.writeString(temporary.resolve("config.json"), config);

        refused(temporary, what, "");
    }

    @Test
    void foldersAroundAModelAreToldApart() throws IOException {
        Path empty = Files.createDirectory(temporary.resolve("empty"));
        refused(empty, "a folder with no model", "model_index.json");

        Path lora = Files.createDirectory(temporary.resolve("lora"));
        Files.writeString(lora.resolve("adapter_config.json"), "{}");
        refused(lora, "a LoRA", "--lora-dir");

        Path several = Files.createDirectory(temporary.resolve("several"));
        TestModels.copy("sd1", several);
        TestModels.copy("sd2", several);
        refused(several, "a folder of models (sd1, sd2)", "Give one of them");

        Files.delete(several.resolve("sd1/model_index.json"));
        refused(several.resolve("sd1"), "a download that is not complete", "model_index.json");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "StableDiffusionXLImg2ImgPipeline | an image-to-image pipeline of SDXL, such as its refiner (StableDiffusionXLImg2ImgPipeline) | Nearest to it, Weir runs text-to-image models of SDXL (StableDiffusionXLPipeline), and ",
                "StableDiffusionXLPAGInpaintPipeline | an SDXL inpainting model | Weir runs",
                "StableDiffusion3PAGPipeline | a pipeline of Stable Diffusion 3 that does something else than text to image, image to image and inpainting | Nearest to it, Weir runs",
                "FluxKontextPipeline | a pipeline of FLUX that does something else than Flux.1's text to image, image to image and inpainting (FluxKontextPipeline) | Nearest to it, Weir runs Flux.1 (FluxPipeline). docs/models.md",
                "ZImageOmniPipeline | a pipeline of Z-Image that does something else than text to image, image to image and inpainting (ZImageOmniPipeline) | Weir runs Z-Image (ZImagePipeline)",
                "SanaPipeline | a transformer-based model (SanaPipeline) | (SanaPipeline). docs/models.md lists all that Weir runs",
                "StableDiffusionPanoramaPipeline | a panorama pipeline | set _class_name to StableDiffusionPipeline",
                "AltDiffusionImg2ImgPipeline | an image-to-image pipeline | set _class_name to StableDiffusionPipeline",
                "KandinskyInpaintPipeline | an inpainting model | set _class_name to StableDiffusionPipeline",
                "StableDiffusionControlNetPipeline | a pipeline with a ControlNet | set _class_name",
                "StableVideoDiffusionPipeline | a video model | Weir runs",
                "AudioLDMPipeline | an audio model | Weir runs",
                "OnnxStableDiffusionPipeline | an ONNX export | safetensors weights",
                "OVStableDiffusionPipeline | an OpenVINO export | safetensors weights",
                "FlaxStableDiffusionPipeline | a Flax export | safetensors weights",
                "UnCLIPImg2ImgPipeline | an image-to-image pipeline | StableUnCLIPImg2ImgPipeline",
                "UnCLIPImageVariationPipeline | an image variation model of another family | StableDiffusionImageVariationPipeline",
                "MagicPipeline | a model for the pipeline MagicPipeline | MagicPipeline. docs/models.md lists all that Weir runs",
            })
    void aPipelineIsJudgedByItsClassEvenIfAllPartsRun(String className, String what, String advice) throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        TestModels.setComponent(model, className, "vae", "AutoencoderKL");

        refused(model, what, advice);
        refused(model, className + " is not supported", "model_index.json");
    }

    @ParameterizedTest
    @CsvSource({
        "8, an image editing model: 8 input channels, diffusers folder that it was published as",
        "5, a depth-to-image model: 5 input channels, diffusers folder that it was published as",
        "7, an upscaler: 7 input channels, diffusers folder that it was published as"
    })
    void aUnetThatAlsoSeesAPictureIsToldByItsChannels(int channels, String what, String advice) throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        set(model.resolve("unet/config.json"), "in_channels", channels + "");

        refused(model, what, advice);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "unet/diffusion_pytorch_model.bin | pickled weights (.bin)",
                "unet/model.onnx | an ONNX export",
                "unet/openvino_model.xml | an OpenVINO export",
                "unet/diffusion_flax_model.msgpack | a Flax export",
                "unet/diffusion_pytorch_model.safetensors.incomplete | a download that is not complete",
                "unet/diffusion_pytorch_model.non_ema.safetensors | weights under a name that is not read",
                "unet/diffusion_pytorch_model-00001-of-00002.safetensors | one of several files, without their index",
            })
    void weightsInAnotherFormAreTold(String name, String what) throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        Files.delete(model.resolve("unet/diffusion_pytorch_model.safetensors"));
        Files.createFile(model.resolve(name));

        refused(model, what, "unet");
    }

    @Test
    void weightsThatAreNotAllThereAreTold() throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        Path weights = model.resolve("unet/diffusion_pytorch_model.safetensors");
        byte[] whole = Files.readAllBytes(weights);

        Files.write(weights, java.util.Arrays.copyOf(whole, whole.length / 2));
        refused(model, "a download that is not complete", "again");
        Files.writeString(weights, POINTER);
        refused(model, "git-lfs pointer files", "git lfs pull");
        Files.delete(weights);
        Files.createSymbolicLink(weights, Path.of("../../blobs/0123"));
        refused(model, "a download that is not complete", "links to nothing");
    }

    @Test
    void weightsOfAForeignTypeAreNoBrokenDownload() throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        byte[] header =
                "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,8]}}".getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(8 + header.length + 8).order(ByteOrder.LITTLE_ENDIAN);
        Files.write(
                model.resolve("unet/diffusion_pytorch_model.safetensors"),
                file.putLong(header.length).put(header).array());

        refused(model, "weights of a type that Weir does not read", "fp32, fp16 or bf16");
        Path single = Files.write(temporary.resolve("model.safetensors"), file.array());
        refused(single, "weights of a type that Weir does not read", "fp32, fp16 or bf16");
    }

    /** A clone without its pickled weights, and a cache whose pickled weights were deleted. */
    @Test
    void whatLiesBesideSoundWeightsDoesNotMatter() throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        Files.writeString(model.resolve("unet/diffusion_pytorch_model.bin"), POINTER);
        Files.createSymbolicLink(model.resolve("vae/diffusion_pytorch_model.bin"), Path.of("../../blobs/0123"));
        Files.createFile(model.resolve("text_encoder/model.onnx"));

        assertThat(ModelFolder.open(model).card().id()).isEqualTo("sd1");
        assertThat(ModelReport.inspect(model).runs()).isTrue();
    }

    /** As is a node that runs the text encoder alone. */
    @Test
    void aFolderWithoutTheWeightsOfOnePartOpens() throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        Files.delete(model.resolve("unet/diffusion_pytorch_model.safetensors"));

        assertThat(ModelFolder.open(model).card().id()).isEqualTo("sd1");
        assertThat(ModelReport.inspect(model).runs()).isFalse();
    }

    private static void refused(Path path, String what, String advice) {
        assertThatThrownBy(() -> ModelFolder.open(path))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(path + ": ")
                .hasMessageContainingAll(what, advice)
                .satisfies(e -> {
                    assertThat(e.getMessage().lines()).hasSize(1);
                    ModelReport report = ModelReport.inspect(path);
                    assertThat(report.runs()).isFalse();
                    assertThat(report.problem()).contains(e.getMessage());
                });
    }

    private static void set(Path file, String key, String value) throws IOException {
        ObjectMapper json = new ObjectMapper();
        ObjectNode config = (ObjectNode) json.readTree(file.toFile());
        config.set(key, json.readTree(value));
        Files.writeString(file, config.toString());
    }

    /** A safetensors file of zeros, from names with shapes as {@code a.b:2x3}. */
    private static void write(Path file, String tensors) throws IOException {
        ObjectNode header = new ObjectMapper().createObjectNode();
        long end = 0;
        for (String tensor : tensors.split(",")) {
            String[] parts = tensor.split(":");
            ObjectNode entry = header.putObject(parts[0]).put("dtype", "F16");
            long size = 2;
            var shape = entry.putArray("shape");
            for (String side : parts[1].split("x")) {
                shape.add(Long.parseLong(side));
                size *= Long.parseLong(side);
            }
            entry.putArray("data_offsets").add(end).add(end + size);
            end += size;
        }
        byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
        var bytes = java.nio.ByteBuffer.allocate(8 + json.length + (int) end).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        Files.write(file, bytes.putLong(json.length).put(json).array());
    }
}
