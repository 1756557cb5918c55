package dev.weir.engine.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.ImageCodec;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Shapes that a process has seen cost no memory once they are gone. */
class ShapesMemoryTest {

    private static final int LARGEST = 40;
    private static final int SHAPES = 100;
    private static final int WARM_UP = 20;

    @Test
    @EnabledOnOs(OS.LINUX)
    void aHundredShapesLeaveTheResidentMemoryAsTheLargestLeftIt() throws Exception {
        var process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xms64m",
                        "-Xmx64m",
                        "-XX:+UseSerialGC",
                        "-XX:+AlwaysPreTouch",
                        // The compiled code of the JVM itself must not grow meanwhile.
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ShapesMemoryTest.class.getName())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        var printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(printed).isZero();
        var sizes = printed.lines()
                .filter(line -> line.startsWith("resident "))
                .mapToLong(line -> Long.parseLong(line.substring("resident ".length())))
                .toArray();
        assertThat(sizes).hasSize(3);
        assertThat((double) sizes[1]).as("after the largest").isLessThanOrEqualTo(1.3 * sizes[0]);
        assertThat((double) sizes[2]).as("after all").isLessThanOrEqualTo(1.1 * sizes[1]);
    }

    /** Prints the resident kilobytes after a small shape, after the largest one with some others, and after all. */
    public static void main(String[] args) throws IOException {
        var random = new Random(1);
        var model = ModelFolder.open(Path.of("../models/default"));
        try (var codec = model.imageCodec(new ComputeTarget("cpu", Precision.FP32, Engine.ONNX))) {
            decode(codec, 1, 1);
            printResident();
            decode(codec, LARGEST, LARGEST);
            // What the JVM needs for its own code and classes is there after these.
            for (int side = 2; side < WARM_UP; side++) {
                decode(codec, side, side);
            }
            printResident();
            for (int i = 0; i < SHAPES; i++) {
                decode(codec, 1 + random.nextInt(LARGEST), 1 + random.nextInt(LARGEST));
            }
            printResident();
        }
    }

    private static void decode(ImageCodec codec, int height, int width) {
        var shape = new LatentShape(4, height, width);
        codec.decode(shape, Collections.nCopies(1, new float[shape.size()]));
    }

    private static void printResident() throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/status"))) {
            lines.filter(line -> line.startsWith("VmRSS"))
                    .forEach(line -> System.out.println("resident " + line.replaceAll("\\D", "")));
        }
    }
}
