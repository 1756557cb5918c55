package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.generation;
import static dev.weir.tests.stages.Tasks.work;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.decoder.DecoderStage;
import dev.weir.engine.AddOns;
import dev.weir.engine.Conversion;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.Upscaler;
import dev.weir.engine.UpscalerFile;
import dev.weir.engine.UpscalerFolders;
import dev.weir.engine.image.Bitmap;
import dev.weir.engine.image.Filter;
import dev.weir.engine.image.PictureReader;
import dev.weir.engine.image.Resampler;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Resizing;
import dev.weir.proto.v1.Size;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Stage;
import dev.weir.serving.Cards;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Decoder nodes with upscalers: pictures of samples and of requests, beside other work, on any node. */
final class UpscalerStagesTest {

    private static final Path REFERENCE = Path.of("../engine/src/test/resources/reference");
    private static final String SAMPLE = "a/0";

    @TempDir
    Path folder;

    private final RecordingOutbox outbox = new RecordingOutbox();
    private final List<Stage> stages = new ArrayList<>();
    private ModelFolder model;
    private dev.weir.proto.v1.Upscaler compact;

    @BeforeEach
    void convert() {
        Conversion.of(REFERENCE.resolve("upscalers/compact.pth"), folder.resolve("compact.safetensors"), false)
                .write(bytes -> {});
        model = ModelFolder.open(
                REFERENCE.resolve("checkpoints/default"),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                AddOns.of(UpscalerFolders.open(List.of(folder))));
        ModelCard card = Cards.toProto(model);
        assertThat(card.getUpscalersList()).singleElement().satisfies(upscaler -> {
            assertThat(upscaler.getName()).isEqualTo("compact");
            assertThat(upscaler.getScale()).isEqualTo(2);
        });
        compact = card.getUpscalers(0);
    }

    @AfterEach
    void close() {
        stages.forEach(Stage::close);
    }

    private Stage decoder() {
        Stage stage = new DecoderStage(List.of(model), EXACT, 8);
        stages.add(stage);
        stage.open();
        return stage;
    }

    /** Files are written on other threads. */
    private void turnAll(Stage decoder) {
        while (decoder.turn(outbox) > 0) {
            continue;
        }
        await().until(() -> outbox.running().isEmpty());
    }

    private static Resizing.Builder byNetwork() {
        return Resizing.newBuilder().addSteps(Resizing.Step.newBuilder().setUpscaler("compact"));
    }

    private Bitmap enlarged(Bitmap picture) {
        try (Upscaler network =
                UpscalerFile.open(folder.resolve("compact.safetensors")).load(EXACT)) {
            return Bitmap.of(network.upscale(picture.image()).orElseThrow());
        }
    }

    private Bitmap made(Stage decoder, Generation.Builder generation) {
        float[] latent = new TorchGenerator(3).normal(4 * 8 * 8);
        Task.Builder task = Tasks.of("text_to_image", "a", generation).setPosition(2);
        decoder.admit(work(task, Tensor.ofFloats("latent", latent, 4, 8, 8)), outbox);
        turnAll(decoder);
        assertThat(outbox.failures).isEmpty();
        return PictureReader.read(outbox.finished.remove(SAMPLE).bytes(), PictureReader.Limits.DEFAULT)
                .rgb();
    }

    @Test
    void thePictureOfASampleIsEnlargedAlikeOnEveryNode() {
        Stage first = decoder();
        Bitmap small = made(first, generation("a"));
        Generation.Builder asked = generation("a").addUpscalers(compact).setFinishing(byNetwork());

        Bitmap large = made(first, asked);

        assertThat(large.width()).isEqualTo(2 * small.width());
        assertThat(large.values()).isEqualTo(enlarged(small).values());
        assertThat(made(decoder(), asked).values()).isEqualTo(large.values());
    }

    private Task.Builder picture(Resizing.Builder resizing) {
        Task.Builder task = Tasks.of(
                "image_to_image", "a", generation("").addUpscalers(compact).setResizing(resizing));
        return task.setPosition(task.getRouteCount() - 1);
    }

    private static Tensor photo() throws IOException {
        return Tensor.ofBytes("input/init_image", Files.readAllBytes(REFERENCE.resolve("images/photo.png")));
    }

    @Test
    void aPictureOfARequestGoesThroughItsStepsInTheirOrder() throws IOException {
        Resizing.Builder steps = byNetwork()
                .addSteps(Resizing.Step.newBuilder()
                        .setFilter("lanczos")
                        .setSize(Size.newBuilder().setWidth(72).setHeight(48)))
                .setCanvas(Size.newBuilder().setWidth(72).setHeight(40));
        Stage decoder = decoder();
        decoder.admit(work(picture(steps), photo()), outbox);
        turnAll(decoder);

        assertThat(outbox.failures).isEmpty();
        Bitmap made = PictureReader.read(outbox.finished.get(SAMPLE).bytes(), PictureReader.Limits.DEFAULT)
                .rgb();
        Bitmap photo = PictureReader.read(photo().toBytes(), PictureReader.Limits.DEFAULT)
                .rgb();
        Bitmap whole = Resampler.resize(enlarged(photo), 72, 48, Filter.LANCZOS);
        assertThat(made.height()).isEqualTo(40);
        int row = 72 * Bitmap.RGB;
        byte[] middle = Arrays.copyOfRange(whole.values(), 4 * row, 44 * row);
        assertThat(made.values()).isEqualTo(middle);
    }

    @Test
    void otherWorkRunsBetweenTheTurnsOfAnEnlargement() throws IOException {
        Stage decoder = decoder();
        decoder.admit(work(picture(byNetwork().addSteps(byNetwork().getSteps(0))), photo()), outbox);
        assertThat(decoder.turn(outbox)).isEqualTo(1);
        float[] latent = new TorchGenerator(3).normal(4 * 8 * 8);
        decoder.admit(
                work(
                        Tasks.of("text_to_image", "b", generation("b")).setPosition(2),
                        Tensor.ofFloats("latent", latent, 4, 8, 8)),
                outbox);
        assertThat(decoder.turn(outbox)).isEqualTo(1);
        decoder.drop(SampleKey.of(picture(byNetwork()).getRef()));
        assertThat(decoder.turn(outbox))
                .as("the dropped picture has no more turns")
                .isZero();
        await().until(() -> outbox.finished.containsKey("b/0"));

        assertThat(outbox.finished).doesNotContainKey(SAMPLE);
        assertThat(outbox.failures).isEmpty();
    }

    @Test
    void anotherFileOfTheNameIsNotUsed() throws IOException {
        Stage decoder = decoder();
        Task.Builder task = picture(byNetwork());
        task.getGenerationBuilder().getUpscalersBuilder(0).setFingerprint("other");
        decoder.admit(work(task, photo()), outbox);
        turnAll(decoder);

        assertThat(outbox.failures.get(SAMPLE)).satisfies(failure -> {
            assertThat(failure.code()).isEqualTo(Failure.FILE_UNAVAILABLE);
            assertThat(failure.message()).contains("the upscaler \"compact\" is another file here");
            assertThat(failure.retryable()).isTrue();
        });
    }
}
