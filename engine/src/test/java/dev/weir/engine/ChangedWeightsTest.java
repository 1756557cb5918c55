package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.weights.ComponentWeights;
import dev.weir.engine.weights.Weights;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights of files that change after they were opened are refused by the file's name. To read a lost page would end the JVM. */
final class ChangedWeightsTest {

    private static final String CHANGED = "changed after it was opened";

    @TempDir
    private Path temporary;

    @Test
    void aFolderWhoseWeightsWereTruncatedInPlaceIsNotRead() throws IOException {
        Path vae = TestModels.copy("sd1", temporary).resolve("vae");
        Path file = ComponentWeights.find(vae).orElseThrow();
        Weights weights = ComponentWeights.open(vae);
        String last = List.copyOf(weights.names()).get(weights.names().size() - 1);
        truncate(file);

        assertThatThrownBy(() -> weights.bytes(last))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(CHANGED);
        assertThatThrownBy(weights::requireUnchanged).hasMessageContaining(CHANGED);
    }

    @Test
    void anotherAutoencoderThatWasTruncatedInPlaceIsNotRead() throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        Path file = temporary.resolve("other.safetensors");
        Files.copy(ComponentWeights.find(model.resolve("vae")).orElseThrow(), file);
        PipelineIndex index = PipelineIndex.read(ModelSources.open(model, Optional.of(file)));
        Weights weights = index.weights("vae");
        String name = weights.names().iterator().next();
        assertThat(weights.bytes(name).hasRemaining()).isTrue();
        truncate(file);

        assertThatThrownBy(() -> weights.bytes(name))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(CHANGED);
    }

    /** ONNX Runtime opens the file again for the first picture that is encoded. */
    @Test
    void aFileThatWasReplacedIsNotReadByAMethodThatIsOpenedLater() throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        Path file = ComponentWeights.find(model.resolve("vae")).orElseThrow();
        try (ImageCodec codec =
                ModelFolder.open(model).imageCodec(new ComputeTarget("cpu", Precision.FP32, Engine.ONNX))) {
            UnitImage picture = new UnitImage(32, 32, new float[3 * 32 * 32]);
            Files.setLastModifiedTime(file, FileTime.fromMillis(0));

            assertThatThrownBy(() -> codec.encode(List.of(picture)))
                    .isInstanceOf(ModelException.class)
                    .hasMessageStartingWith(file + ": ")
                    .hasMessageContaining(CHANGED);
        }
    }

    /** Both engines read weights from the mapping. Without the check, the second forward ends this process on libtorch. */
    @ParameterizedTest
    @EnumSource(Engine.class)
    void aFileThatIsTruncatedBetweenTwoForwardsFailsTheSecondByItsName(Engine engine) throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        Path file = ComponentWeights.find(model.resolve("unet")).orElseThrow();
        try (Denoiser unet = ModelFolder.open(model).denoiser(new ComputeTarget("cpu", Precision.FP32, engine))) {
            forward(unet);
            truncate(file);

            assertThatThrownBy(() -> forward(unet))
                    .isInstanceOf(ModelException.class)
                    .hasMessageStartingWith(file + ": ")
                    .hasMessageContaining("truncated");
        }
    }

    @ParameterizedTest
    @EnumSource(Engine.class)
    void aFileThatIsReplacedByAShorterOneOrRemovedChangesNoForward(Engine engine) throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        Path file = ComponentWeights.find(model.resolve("unet")).orElseThrow();
        Path shorter = Files.write(temporary.resolve("shorter"), new byte[8]);
        try (Denoiser unet = ModelFolder.open(model).denoiser(new ComputeTarget("cpu", Precision.FP32, engine))) {
            float[] before = forward(unet);
            Files.move(shorter, file, StandardCopyOption.ATOMIC_MOVE);
            assertThat(forward(unet)).isEqualTo(before);
            Files.delete(file);
            assertThat(forward(unet)).isEqualTo(before);
        }
    }

    private static float[] forward(Denoiser unet) {
        LatentShape shape = new LatentShape(unet.outChannels(), 8, 8);
        return unet.predict(shape, List.of(NoiseRow.of(unet, shape, 7, 1))).get(0);
    }

    private static void truncate(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() / 2);
        }
    }
}
