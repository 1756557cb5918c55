package dev.weir.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.AddOns;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.adapter.IpAdapterFolders;
import dev.weir.engine.adapter.LoraFolders;
import dev.weir.proto.v1.StageKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What models take of memory besides their weights. */
final class KnownModelTest {

    private static final Path FIXTURES = Path.of("../engine/src/test/resources/reference");

    @TempDir
    Path loras;

    @Test
    void networksThatLorasChangeAreThereTwiceOnOnnxRuntime() throws IOException {
        ModelFolder plain = open(AddOns.NONE);
        assertThat(copies(plain, StageKind.values())).isZero();
        assertThat(copies(open(AddOns.of(LoraFolders.open(List.of(loras)))), StageKind.values()))
                .isZero();
        Files.copy(FIXTURES.resolve("lora/peft.safetensors"), loras.resolve("peft.safetensors"));
        ModelFolder changed = open(AddOns.of(LoraFolders.open(List.of(loras))));

        long unet = plain.weightBytes(Set.of("unet"), Precision.FP32);
        long text = plain.weightBytes(Set.of("text_encoder"), Precision.FP32);
        assertThat(unet).isPositive();
        assertThat(text).isPositive();
        assertThat(copies(changed, StageKind.values())).isEqualTo(unet + text);
        assertThat(copies(changed, StageKind.DENOISER)).isEqualTo(unet);
        assertThat(copies(changed, StageKind.DECODER)).isZero();
        assertThat(copies(changed, Engine.TORCH, StageKind.values()))
                .as("shared")
                .isZero();
    }

    @Test
    void theNetworkThatSeesImagesOfIpAdaptersIsACopy() {
        ModelFolder seeing = open(AddOns.of(IpAdapterFolders.open(List.of(FIXTURES.resolve("ip_adapter/models")))));

        assertThat(copies(seeing, StageKind.values())).isEqualTo(seeing.weightBytes(Set.of("unet"), Precision.FP32));
        assertThat(copies(seeing, StageKind.TEXT_ENCODER)).isZero();
    }

    private static ModelFolder open(AddOns addOns) {
        return ModelFolder.open(
                FIXTURES.resolve("checkpoints/sd1"), Optional.empty(), List.of(), Optional.empty(), addOns);
    }

    private static long copies(ModelFolder folder, StageKind... kinds) {
        return copies(folder, Engine.ONNX, kinds);
    }

    private static long copies(ModelFolder folder, Engine engine, StageKind... kinds) {
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        return KnownModel.of(folder, List.of(kinds), target, () -> folder)
                .copies()
                .getAsLong();
    }
}
