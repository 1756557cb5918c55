package dev.weir.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.RgbImage;
import dev.weir.picture.PngText;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Outbox.EncodedImage;
import dev.weir.runtime.stage.Target;
import dev.weir.runtime.stage.Work;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class PicturesTest {

    private static final Target DECODER = new Target("cpu", "fp32", "onnx", "avx2", "");

    @Test
    void aPictureNamesEachEngineThatComputedOnce() {
        assertThat(text("torch avx2", "onnx avx512")).contains("Engine: torch avx2 + onnx avx512 + onnx avx2");
        assertThat(text("onnx avx2")).contains("Engine: onnx avx2").doesNotContain("+");
    }

    @Test
    void aPictureCarriesWhatChangesIt() {
        Generation.Builder generation = Generation.newBuilder()
                .setSchedule("karras")
                .setEta(0)
                .setNoise("cuda:132")
                .setPromptSyntax("a1111")
                .setClipSkip(1)
                .setGuidanceRescale(0.7f)
                .setGuidanceStart(0.1)
                .setGuidanceEnd(0.6)
                .setGuidanceReuse(true)
                .setClassLabel(0)
                .setStrength(0.6)
                .setImageGuidanceScale(1.5f)
                .setRefinerStart(0.7);
        generation.getOriginalSizeBuilder().setWidth(1024).setHeight(768);
        generation.getCropBuilder().setX(8).setY(16);

        assertThat(text(Task.newBuilder().setGeneration(generation).setModel("sdxl")))
                .contains(
                        "Model: sdxl, Schedule type: karras, Eta: 0.0, RNG: cuda:132, Prompt syntax: a1111, Clip skip: 2, "
                                + "Guidance rescale: 0.7, Guidance start: 0.1, Guidance end: 0.6, Guidance reuse: True, Class label: 0, Original size: 1024x768, Crop: 8+16, "
                                + "Refiner switch at: 0.7, Denoising strength: 0.6, Image CFG scale: 1.5, Engine: onnx avx2");
    }

    @Test
    void whatARequestLeavesOutIsNotWritten() {
        assertThat(text(Task.newBuilder().setModel("tiny"))).contains("Model: tiny, Engine: onnx avx2");
    }

    @Test
    void aFileHasThePointsThatItsPictureShows() {
        byte[] ply = "ply".getBytes(StandardCharsets.US_ASCII);

        assertThat(PngText.of(points("png", ply))).containsEntry(PngText.POINTS, "cGx5");
        assertThat(points("ply", ply)).isEqualTo(ply);
        assertThatThrownBy(() -> picture("ply", Task.newBuilder(), Optional.empty()))
                .hasMessageContaining("makes no clouds of points");
    }

    private static byte[] points(String format, byte[] ply) {
        return picture(format, Task.newBuilder(), Optional.of(ply)).bytes();
    }

    private static EncodedImage picture(String format, Task.Builder task, Optional<byte[]> points) {
        task.getGenerationBuilder().setOutputFormat(format);
        return Pictures.picture(
                new RgbImage(1, 1, new byte[3]), new Work(task.build(), List.of()), DECODER, true, points);
    }

    private static String text(String... engines) {
        return text(Task.newBuilder().addAllEngines(List.of(engines)));
    }

    private static String text(Task.Builder task) {
        var file = new String(picture("png", task, Optional.empty()).bytes(), StandardCharsets.ISO_8859_1);
        return file.substring(file.indexOf("parameters"), file.indexOf("Software"));
    }
}
