package dev.weir.engine.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Denoiser;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.NoiseRow;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A node drains in a shutdown hook, beside the one with which ONNX Runtime's library closes itself. */
class ShutdownTest {

    private static final int FORWARDS = 40;

    @Test
    void forwardsGoOnWhileTheProcessEnds() throws Exception {
        var process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        ShutdownTest.class.getName())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        var printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(printed).isZero();
        assertThat(printed).contains("drained");
    }

    /** Ends at once, and computes in a shutdown hook. */
    public static void main(String[] args) {
        var model = ModelFolder.open(Path.of("../models/default"));
        var denoiser = model.denoiser(new ComputeTarget("cpu", Precision.FP32, Engine.ONNX));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            for (int i = 0; i < FORWARDS; i++) {
                forward(denoiser);
            }
            System.out.println("drained");
        }));
        System.exit(0);
    }

    private static void forward(Denoiser denoiser) {
        var shape = new LatentShape(denoiser.inChannels(), 16, 16);
        denoiser.predict(shape, List.of(NoiseRow.of(denoiser, shape, 2, 1)));
    }
}
