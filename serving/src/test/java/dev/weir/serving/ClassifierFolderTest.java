package dev.weir.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.proto.v1.Sampler;
import dev.weir.proto.v1.StageKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What nodes tell of a folder whose classifier guides. Its weights are those of other networks: nothing is loaded here. */
final class ClassifierFolderTest {

    private static final Path WEIGHTS = Path.of("../engine/src/test/resources/reference/unet2d");

    /** Of both networks. */
    private static final String BLOCKS =
            """
            "sample_size": 16, "in_channels": 3, "block_out_channels": [32, 32], "layers_per_block": 1,
            "down_block_types": ["ResnetDownsampleBlock2D", "AttnDownBlock2D"], "attention_head_dim": 16,
            "norm_num_groups": 32, "attn_norm_num_groups": 32, "resnet_time_scale_shift": "scale_shift",
            "downsample_type": "resnet", "upsample_type": "resnet",
            """;

    @TempDir
    Path folder;

    @BeforeEach
    void write() throws IOException {
        Files.writeString(
                folder.resolve("model_index.json"),
                """
                {"_class_name": "GuidedDiffusionPipeline", "unet": ["diffusers", "UNet2DModel"],
                "scheduler": ["diffusers", "DDPMScheduler"], "classifier": ["guided_diffusion", "EncoderUNetModel"]}""");
        part(
                "unet",
                "learned",
                """
                {"_class_name": "UNet2DModel", %s "out_channels": 6, "num_class_embeds": 7,
                "up_block_types": ["AttnUpBlock2D", "ResnetUpsampleBlock2D"]}"""
                        .formatted(BLOCKS));
        part(
                "classifier",
                "plain",
                """
                {"_class_name": "EncoderUNetModel", %s "num_classes": 7}""".formatted(BLOCKS));
        Path scheduler = Files.createDirectory(folder.resolve("scheduler"));
        Files.writeString(
                scheduler.resolve("scheduler_config.json"),
                """
                {"_class_name": "DDPMScheduler", "num_train_timesteps": 1000, "beta_start": 1e-4, "beta_end": 0.02,
                "beta_schedule": "linear", "variance_type": "learned_range"}""");
    }

    private void part(String name, String weights, String config) throws IOException {
        Path part = Files.createDirectory(folder.resolve(name));
        Files.writeString(part.resolve("config.json"), config);
        String file = "diffusion_pytorch_model.safetensors";
        Files.copy(WEIGHTS.resolve(weights).resolve(file), part.resolve(file));
    }

    @Test
    void theWeightsOfTheClassifierCountWhereTheDenoiserIs() {
        ModelFolder model = ModelFolder.open(folder);
        long unet = model.weightBytes(Set.of("unet"), Precision.FP32);
        long classifier = model.weightBytes(Set.of("classifier"), Precision.FP32);

        assertThat(classifier).isPositive();
        assertThat(bytes(model, StageKind.DENOISER)).isEqualTo(unet + classifier);
        assertThat(bytes(model, StageKind.DECODER)).isZero();
    }

    @Test
    void onlySamplersThatTakeItsGradientAreOffered() {
        assertThat(Cards.toProto(ModelFolder.open(folder)).getSamplersList())
                .extracting(Sampler::getName)
                .contains("ddpm", "ddim")
                .allMatch(name -> name.startsWith("ddpm") || name.startsWith("ddim"));

        assertThat(ModelFolder.open(folder, Optional.of("ddim"))
                        .card()
                        .defaults()
                        .sampler())
                .isEqualTo("ddim");
        assertThatThrownBy(() -> ModelFolder.open(folder, Optional.of("euler")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("sampler euler takes no gradient of the classifier; available: dd");
    }

    /** Of the model's own scheduler, too. */
    @Test
    void aSchedulerThatTakesNoGradientIsRefused() throws IOException {
        for (String file : List.of("model_index.json", "scheduler/scheduler_config.json")) {
            String ddpm = Files.readString(folder.resolve(file));
            Files.writeString(folder.resolve(file), ddpm.replace("DDPMScheduler", "EulerDiscreteScheduler"));
        }

        assertThatThrownBy(() -> ModelFolder.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("scheduler: sampler: sampler euler takes no gradient of the classifier");
    }

    private static long bytes(ModelFolder model, StageKind kind) {
        return KnownModel.of(model, List.of(kind), new ComputeTarget("cpu", Precision.FP32), () -> model)
                .bytes();
    }
}
