package dev.weir.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.RgbImage;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Target;
import dev.weir.runtime.stage.Work;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

final class PicturesTest {

    private static final Target DECODER = new Target("cpu", "fp32", "onnx", "avx2", "");

    @Test
    void aPictureNamesEachEngineThatComputedOnce() {
        assertThat(text("torch avx2", "onnx avx512")).contains("Engine: torch avx2 + onnx avx512 + onnx avx2");
        assertThat(text("onnx avx2")).contains("Engine: onnx avx2").doesNotContain("+");
    }

    private static String text(String... engines) {
        Task.Builder task = Task.newBuilder().addAllEngines(List.of(engines));
        task.getGenerationBuilder().setOutputFormat("png");
        var picture = Pictures.picture(new RgbImage(1, 1, new byte[3]), new Work(task.build(), List.of()), DECODER);
        var file = new String(picture.bytes(), StandardCharsets.ISO_8859_1);
        return file.substring(file.indexOf("parameters"), file.indexOf("Software"));
    }
}
