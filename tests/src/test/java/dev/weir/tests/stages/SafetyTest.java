package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.generation;
import static dev.weir.tests.stages.Tasks.task;
import static dev.weir.tests.stages.Tasks.turnAll;
import static dev.weir.tests.stages.Tasks.work;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.decoder.DecoderStage;
import dev.weir.decoder.Safety;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.image.PictureReader;
import dev.weir.engine.weights.SafetensorsFile;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.PreviewFrame;
import dev.weir.runtime.stage.Outbox.EncodedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pictures of a model with a safety checker, whose thresholds flag everything or nothing. */
final class SafetyTest {

    private static final Path FIXTURES = Path.of("../engine/src/test/resources/reference");

    /** No cosine is over it, or every one is. */
    private static final float NOTHING = 2;

    private static final float EVERYTHING = -2;

    @TempDir
    Path temporary;

    @ParameterizedTest
    @CsvSource({
        "OFF,-2,false,false",
        "FLAG,2,false,false",
        "FLAG,-2,true,false",
        "BLANK,2,false,false",
        "BLANK,-2,true,true"
    })
    void aFlaggedPictureIsMarkedOrBlack(Safety safety, float threshold, boolean flagged, boolean black)
            throws IOException {
        EncodedImage picture = decode(model(threshold), safety, false);

        assertThat(picture.flagged()).isEqualTo(flagged);
        assertThat(isBlack(picture)).isEqualTo(black);
        assertThat(picture.width()).isEqualTo(64);
    }

    @ParameterizedTest
    @CsvSource({"FLAG,false", "BLANK,true"})
    void aFrameIsBlackWhereThePictureWillBe(Safety safety, boolean black) throws IOException {
        assertThat(isBlack(decode(model(EVERYTHING), safety, true))).isEqualTo(black);
    }

    @Test
    void aNodeTellsWhetherItBlanks() throws IOException {
        ModelFolder model = model(NOTHING);

        assertThat(blanks(model, Safety.BLANK)).isTrue();
        assertThat(blanks(model, Safety.FLAG)).isFalse();
        assertThat(blanks(model, Safety.OFF)).isFalse();
        assertThat(blanks(Tasks.TINY, Safety.BLANK)).isFalse();
    }

    private static boolean blanks(ModelFolder model, Safety safety) {
        DecoderStage stage = new DecoderStage(List.of(model), EXACT, 8, safety);
        try {
            stage.open();
            return stage.models().get(0).getBlanks();
        } finally {
            stage.close();
        }
    }

    @Test
    void aModelWithoutACheckerIsServed() {
        EncodedImage picture = decode(Tasks.TINY, Safety.BLANK, false);

        assertThat(picture.flagged()).isFalse();
        assertThat(isBlack(picture)).isFalse();
    }

    @Test
    void aModelWhoseCheckerDoesNotLoadIsNotServedUnchecked() throws IOException {
        ModelFolder model = model(NOTHING);
        Files.delete(temporary.resolve("default/safety_checker/model.safetensors"));

        assertThatThrownBy(() -> new DecoderStage(List.of(model), EXACT, 8, Safety.FLAG).open())
                .hasMessageContaining("safety_checker");
        assertThat(decode(model, Safety.OFF, false).flagged()).isFalse();
    }

    /** A score that is not finite would compare as not over its threshold. */
    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
    void aModelWhoseCheckerOverflowsIsNotServedUnchecked(float weight) throws IOException {
        ModelFolder model = model(weight);

        assertThatThrownBy(() -> new DecoderStage(List.of(model), EXACT, 8, Safety.BLANK).open())
                .hasMessageContaining("not finite");
        assertThat(decode(model, Safety.OFF, false).flagged()).isFalse();
    }

    private static EncodedImage decode(ModelFolder model, Safety safety, boolean asFrame) {
        DecoderStage stage = new DecoderStage(List.of(model), EXACT, 8, safety);
        RecordingOutbox outbox = new RecordingOutbox();
        try {
            stage.open();
            var task = task("a", generation("a"));
            if (asFrame) {
                task.setFrame(PreviewFrame.newBuilder().setStep(2).setTotal(4));
            }
            stage.admit(work(task, Tensor.ofFloats("latent", new float[4 * 8 * 8], 4, 8, 8)), outbox);
            turnAll(stage, outbox);
        } finally {
            stage.close();
        }
        return asFrame ? outbox.frames.get("a/0").get(0) : outbox.finished.get("a/0");
    }

    private static boolean isBlack(EncodedImage picture) {
        var pixels = PictureReader.read(picture.bytes(), PictureReader.Limits.DEFAULT)
                .values();
        for (byte value : pixels) {
            if (value != 0) {
                return false;
            }
        }
        return true;
    }

    private ModelFolder model(float threshold) throws IOException {
        Path model = temporary.resolve("default");
        copy(FIXTURES.resolve("checkpoints/default"), model);
        copy(FIXTURES.resolve("clip/safety/feature_extractor"), model.resolve("feature_extractor"));
        Path checker = Files.createDirectory(model.resolve("safety_checker"));
        Files.copy(FIXTURES.resolve("clip/safety/config.json"), checker.resolve("config.json"));
        Path weights = checker.resolve("model.safetensors");
        Files.copy(FIXTURES.resolve("clip/safety/model.safetensors"), weights);
        setAll(weights, "concept_embeds_weights", threshold);
        Path index = model.resolve("model_index.json");
        ObjectNode json = (ObjectNode) new ObjectMapper().readTree(index.toFile());
        json.putArray("safety_checker").add("stable_diffusion").add("StableDiffusionSafetyChecker");
        json.putArray("feature_extractor").add("transformers").add("CLIPImageProcessor");
        Files.writeString(index, json.toString());
        return ModelFolder.open(model);
    }

    private static void setAll(Path file, String tensor, float value) throws IOException {
        var place = SafetensorsFile.open(file).info(tensor);
        var bytes = ByteBuffer.allocate((int) place.length()).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            bytes.putFloat(value);
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(bytes.flip(), place.offset());
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            files.forEach(file -> {
                try {
                    Files.copy(file, to.resolve(from.relativize(file).toString()));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
