package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.TINY;
import static dev.weir.tests.stages.Tasks.generation;
import static dev.weir.tests.stages.Tasks.turnAll;
import static dev.weir.tests.stages.Tasks.work;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.decoder.DecoderStage;
import dev.weir.denoiser.DenoiserStage;
import dev.weir.engine.LatentShape;
import dev.weir.engine.image.Bitmap;
import dev.weir.engine.image.Filter;
import dev.weir.engine.image.Interpolation;
import dev.weir.engine.image.PictureReader;
import dev.weir.engine.image.Region;
import dev.weir.engine.image.Resampler;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Attachment;
import dev.weir.proto.v1.Resizing;
import dev.weir.proto.v1.Size;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Stage;
import dev.weir.serving.SteppingStage;
import dev.weir.textencoder.TextEncoderStage;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The stages of requests that bring pictures: the decoder nodes see them, and a run that began with one continues anywhere. */
final class ImageStagesTest {

    private static final Path PICTURES = Path.of("../engine/src/test/resources/reference/images");
    private static final SteppingStage.Limits LIMITS = new SteppingStage.Limits(8, 16, Duration.ZERO);
    private static final String SAMPLE = "a/0";
    private static final int TEXT = 0;
    private static final int SIGHT = 1;
    private static final int DENOISER = 2;

    private final RecordingOutbox outbox = new RecordingOutbox();
    private final List<Stage> stages = new ArrayList<>();

    @AfterEach
    void close() {
        stages.forEach(Stage::close);
    }

    @Test
    void aRunThatBeganWithAPictureContinuesFromAnyStepAndFromItsBeginning() throws IOException {
        Task.Builder task =
                Tasks.of("inpainting", "a", generation("a red apple").setStrength(0.75));
        assertThat(task.getRouteList().stream().map(stage -> stage.getName()))
                .containsExactly("text-encoder", "image-encoder", "denoiser", "decoder");
        Stage encoder = opened(new TextEncoderStage(List.of(TINY), EXACT, 8));
        encoder.admit(work(task.clone().setPosition(TEXT)), outbox);
        turnAll(encoder, outbox);
        List<Tensor> given = new ArrayList<>(outbox.handedOn.remove(SAMPLE).values());
        Stage decoder = opened(new DecoderStage(List.of(TINY), EXACT, 8));
        given.addAll(seen(decoder, task));
        // Another node that sees the same pictures sees the same.
        List<Tensor> first = given.subList(given.size() - 5, given.size());
        assertThat(seen(decoder, task).stream().map(Tensor::bytes).toList())
                .isEqualTo(first.stream().map(Tensor::bytes).toList());

        Stage denoiser = opened(DenoiserStage.create(List.of(TINY), EXACT, LIMITS));
        denoiser.admit(work(task.clone().setPosition(DENOISER), array(given)), outbox);
        assertThat(turnAll(denoiser, outbox)).hasSize(3);
        float[] undisturbed = outbox.handedOn.get(SAMPLE).get("latent").toFloats();
        List<Snapshot> checkpoints = List.copyOf(outbox.checkpoints.get(SAMPLE)).subList(0, 2);
        for (Snapshot from : checkpoints) {
            assertThat(from.tensors()).noneMatch(tensor -> tensor.name().contains("image/"));
            outbox.handedOn.clear();
            List<Tensor> again = new ArrayList<>(given);
            again.addAll(from.tensors());
            denoiser.admit(work(task.clone().setPosition(DENOISER).setResume(from.checkpoint()), array(again)), outbox);
            assertThat(turnAll(denoiser, outbox)).hasSize(3 - from.checkpoint().getStep());
            assertThat(outbox.handedOn.get(SAMPLE).get("latent").toFloats()).containsExactly(undisturbed);
        }
    }

    /** A picture is put back into a file that passed the denoiser. */
    @Test
    void whatIsPaintedIsPutBackIntoThePictureOfTheRequest() throws IOException {
        Task.Builder task = Tasks.of(
                "inpainting_crop",
                "a",
                generation("a red apple").setStrength(0.75).setMaskBlur(2).setPaddingMaskCrop(8));
        Stage encoder = opened(new TextEncoderStage(List.of(TINY), EXACT, 8));
        encoder.admit(work(task.clone().setPosition(TEXT)), outbox);
        turnAll(encoder, outbox);
        List<Tensor> given = new ArrayList<>(outbox.handedOn.remove(SAMPLE).values());
        Stage decoder = opened(new DecoderStage(List.of(TINY), EXACT, 8));
        given.addAll(seen(decoder, task));
        given.add(file("init_image", "photo.png"));
        given.add(file("mask", "mask.png"));
        Stage denoiser = opened(DenoiserStage.create(List.of(TINY), EXACT, LIMITS));
        denoiser.admit(work(task.clone().setPosition(DENOISER), array(given)), outbox);
        turnAll(denoiser, outbox);
        given.addAll(outbox.handedOn.remove(SAMPLE).values());
        decoder.admit(work(task.clone().setPosition(DENOISER + 1), array(given)), outbox);
        turnAll(decoder, outbox);

        // The file is read beside the device thread, and the sample ends there.
        await().until(() -> outbox.finished.containsKey(SAMPLE) || outbox.failures.containsKey(SAMPLE));
        assertThat(outbox.failures).isEmpty();
        BufferedImage made = ImageIO.read(
                new ByteArrayInputStream(outbox.finished.get(SAMPLE).bytes()));
        BufferedImage photo = ImageIO.read(PICTURES.resolve("photo.png").toFile());
        assertThat(made.getWidth()).isEqualTo(photo.getWidth());
        assertThat(made.getHeight()).isEqualTo(photo.getHeight());
        assertThat(made.getRGB(0, 0)).as("far from the mask").isEqualTo(photo.getRGB(0, 0));
        assertThat(made.getRGB(45, 35)).as("within it").isNotEqualTo(photo.getRGB(45, 35));
    }

    /** A second pass: no autoencoder sees the picture. */
    @Test
    void aLatentInThePicturesFileIsWhatTheRunBeginsWith() throws IOException {
        float[] latent = new float[4 * 8 * 8];
        for (int i = 0; i < latent.length; i++) {
            latent[i] = (float) Math.sin(i);
        }
        Stage decoder = opened(new DecoderStage(List.of(TINY), EXACT, 8));
        Task.Builder first = Tasks.of("text_to_image", "a", generation("a").setKeepsLatent(true));
        decoder.admit(work(first.setPosition(2), Tensor.ofFloats("latent", latent, 4, 8, 8)), outbox);
        turnAll(decoder, outbox);
        byte[] file = outbox.finished.get(SAMPLE).bytes();

        Task.Builder second = Tasks.of("image_to_image", "a", generation("a").setLatentResize("bicubic"))
                .setPosition(SIGHT);
        second.getRouteBuilder(SIGHT).setWidth(128).setHeight(96);
        decoder.admit(work(second, Tensor.ofBytes("input/init_image", file)), outbox);
        turnAll(decoder, outbox);

        assertThat(outbox.handedOn.get(SAMPLE)).containsOnlyKeys("image/mean");
        Tensor seen = outbox.handedOn.get(SAMPLE).get("image/mean");
        assertThat(seen.shape()).containsExactly(4, 12, 16);
        assertThat(seen.toFloats())
                .containsExactly(Interpolation.BICUBIC.resize(new LatentShape(4, 8, 8), latent, 12, 16));

        decoder.admit(work(second, file("init_image", "photo.png")), outbox);
        turnAll(decoder, outbox);
        assertThat(outbox.failures.get(SAMPLE).message())
                .isEqualTo("init_image: its file has no latent; one that the safety checker has made black gets none");
    }

    @Test
    void aPictureIsCutAndResizedBeforeItIsSeen() throws IOException {
        Stage decoder = opened(new DecoderStage(List.of(TINY), EXACT, 8));
        byte[] photo = Files.readAllBytes(PICTURES.resolve("photo.png"));
        Bitmap part =
                PictureReader.read(photo, PictureReader.Limits.DEFAULT).rgb().crop(new Region(5, 3, 69, 51));
        ByteArrayOutputStream cut = new ByteArrayOutputStream();
        BufferedImage image = new BufferedImage(64, 48, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 64 * 48; i++) {
            int at = i * Bitmap.RGB;
            image.setRGB(
                    i % 64,
                    i / 64,
                    (part.values()[at] & 0xFF) << 16
                            | (part.values()[at + 1] & 0xFF) << 8
                            | part.values()[at + 2] & 0xFF);
        }
        ImageIO.write(image, "png", cut);

        Resizing steps = Resizing.newBuilder()
                .addSteps(Resizing.Step.newBuilder()
                        .setPart(Resizing.Part.newBuilder().setLeft(5).setTop(3).setSize(size(64, 48))))
                .addSteps(Resizing.Step.newBuilder().setFilter("nearest").setSize(size(128, 96)))
                .build();
        float[] made = seen(decoder, photo, steps);

        Resizing enlarged = Resizing.newBuilder().addSteps(steps.getSteps(1)).build();
        assertThat(made).containsExactly(seen(decoder, cut.toByteArray(), enlarged));
        assertThat(made).isNotEqualTo(seen(decoder, photo, enlarged));
    }

    private static Size size(int width, int height) {
        return Size.newBuilder().setWidth(width).setHeight(height).build();
    }

    private float[] seen(Stage decoder, byte[] file, Resizing resizing) {
        Task.Builder task = Tasks.of("image_to_image", "a", generation("a").setInitResizing(resizing))
                .setPosition(SIGHT);
        task.getRouteBuilder(SIGHT).setWidth(128).setHeight(96);
        decoder.admit(work(task, Tensor.ofBytes("input/init_image", file)), outbox);
        turnAll(decoder, outbox);
        assertThat(outbox.failures).isEmpty();
        return outbox.handedOn.remove(SAMPLE).values().iterator().next().toFloats();
    }

    @Test
    void aPictureThatIsOnlyResizedNeedsNoNetwork() throws IOException {
        Stage decoder = opened(new DecoderStage(List.of(TINY), EXACT, 8));
        Task.Builder task = Tasks.of(
                        "image_to_image",
                        "a",
                        generation("")
                                .setResizing(Resizing.newBuilder()
                                        .addSteps(Resizing.Step.newBuilder()
                                                .setFilter("lanczos")
                                                .setSize(Size.newBuilder()
                                                        .setWidth(96)
                                                        .setHeight(72)))
                                        .setCanvas(
                                                Size.newBuilder().setWidth(80).setHeight(80))))
                .setPosition(DENOISER + 1);
        decoder.admit(work(task, file("init_image", "photo.png")), outbox);

        assertThat(outbox.failures).isEmpty();
        BufferedImage made = ImageIO.read(
                new ByteArrayInputStream(outbox.finished.get(SAMPLE).bytes()));
        Bitmap photo =
                PictureReader.read(Files.readAllBytes(PICTURES.resolve("photo.png")), PictureReader.Limits.DEFAULT);
        Bitmap resized = Resampler.resize(photo.rgb(), 96, 72, Filter.LANCZOS);
        assertThat(made.getWidth()).isEqualTo(80);
        assertThat(made.getHeight()).isEqualTo(80);
        assertThat(made.getRGB(0, 3)).as("above the picture").isEqualTo(0xFF000000);
        for (int x = 0; x < 80; x++) {
            for (int y = 0; y < 72; y++) {
                int at = (y * 96 + x + 8) * Bitmap.RGB;
                int rgb = (resized.values()[at] & 0xFF) << 16
                        | (resized.values()[at + 1] & 0xFF) << 8
                        | resized.values()[at + 2] & 0xFF;
                assertThat(made.getRGB(x, y + 4) & 0xFFFFFF).isEqualTo(rgb);
            }
        }
    }

    /** Each kind gives another picture: the decoder fills the part, and the denoiser replaces its latents. */
    @Test
    void theMaskedPartBeginsAsTheRequestSays() throws IOException {
        Stage encoder = opened(new TextEncoderStage(List.of(TINY), EXACT, 8));
        Stage decoder = opened(new DecoderStage(List.of(TINY), EXACT, 8));
        Stage denoiser = opened(DenoiserStage.create(List.of(TINY), EXACT, LIMITS));
        List<String> latents = new ArrayList<>();
        for (String content : List.of("", "fill", "noise", "nothing")) {
            Task.Builder task = Tasks.of(
                    "inpainting",
                    "a",
                    generation("a red apple").setStrength(0.75).setMaskedContent(content));
            encoder.admit(work(task.clone().setPosition(TEXT)), outbox);
            turnAll(encoder, outbox);
            List<Tensor> given = new ArrayList<>(outbox.handedOn.remove(SAMPLE).values());
            given.addAll(seen(decoder, task));
            denoiser.admit(work(task.clone().setPosition(DENOISER), array(given)), outbox);
            turnAll(denoiser, outbox);
            latents.add(
                    Arrays.toString(outbox.handedOn.remove(SAMPLE).get("latent").toFloats()));
        }
        assertThat(latents).doesNotHaveDuplicates();
    }

    @Test
    void aFileThatIsNoPictureFailsByItsField() throws IOException {
        Stage decoder = opened(new DecoderStage(List.of(TINY), EXACT, 8));
        Task.Builder task =
                Tasks.of("image_to_image", "a", generation("a red apple").setStrength(0.5));
        byte[] photo = Files.readAllBytes(PICTURES.resolve("photo.png"));
        byte[] cut = java.util.Arrays.copyOf(photo, photo.length / 2);
        decoder.admit(work(task.setPosition(SIGHT), Tensor.ofBytes("input/init_image", cut)), outbox);
        turnAll(decoder, outbox);
        assertThat(outbox.failures.get(SAMPLE).code()).isEqualTo("invalid_image");
        assertThat(outbox.failures.get(SAMPLE).message()).startsWith("init_image: ");
        assertThat(outbox.failures.get(SAMPLE).retryable()).isFalse();
    }

    @Test
    void aTaskThatLostItsPictureFailsByName() {
        Stage decoder = opened(new DecoderStage(List.of(TINY), EXACT, 8));
        Task.Builder task =
                Tasks.of("image_to_image", "a", generation("a red apple").setStrength(0.5));
        decoder.admit(work(task.clone().setPosition(SIGHT)), outbox);
        turnAll(decoder, outbox);
        assertThat(outbox.failures.remove(SAMPLE).message()).contains("input/init_image");

        Stage denoiser = opened(DenoiserStage.create(List.of(TINY), EXACT, LIMITS));
        denoiser.admit(work(task.setPosition(DENOISER)), outbox);
        assertThat(outbox.failures.get(SAMPLE).message()).contains("image");
    }

    /** Without its mask the whole image would be painted. */
    @Test
    void aTaskThatLostItsMaskFailsByName() throws IOException {
        Stage decoder = opened(new DecoderStage(List.of(TINY), EXACT, 8));
        Task.Builder task = Tasks.of(
                "inpainting",
                "a",
                generation("a red apple")
                        .addAttachments(Attachment.newBuilder().setName("init_image"))
                        .addAttachments(Attachment.newBuilder().setName("mask")));
        decoder.admit(work(task.setPosition(SIGHT), file("init_image", "photo.png")), outbox);
        turnAll(decoder, outbox);
        assertThat(outbox.handedOn).isEmpty();
        assertThat(outbox.failures.get(SAMPLE).message()).contains("input/mask");
    }

    private List<Tensor> seen(Stage decoder, Task.Builder task) throws IOException {
        decoder.admit(
                work(task.clone().setPosition(SIGHT), file("init_image", "photo.png"), file("mask", "mask.png")),
                outbox);
        turnAll(decoder, outbox);
        assertThat(outbox.failures).isEmpty();
        assertThat(outbox.handedOn.get(SAMPLE))
                .containsOnlyKeys(
                        "image/mean", "image/deviation", "image/masked_mean", "image/masked_deviation", "image/mask");
        return new ArrayList<>(outbox.handedOn.remove(SAMPLE).values());
    }

    private static Tensor file(String field, String name) throws IOException {
        return Tensor.ofBytes("input/" + field, Files.readAllBytes(PICTURES.resolve(name)));
    }

    private static Tensor[] array(List<Tensor> tensors) {
        return tensors.toArray(Tensor[]::new);
    }

    private Stage opened(Stage stage) {
        stage.open();
        stages.add(stage);
        return stage;
    }
}
