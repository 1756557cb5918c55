package dev.weir.engine.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Denoiser;
import dev.weir.engine.Denoiser.Row;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.NoiseRow;
import dev.weir.engine.UnitImage;
import dev.weir.engine.torch.Torch;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On ONNX Runtime a row's result is the same bytes whatever shares its forward, and on however many threads it runs. */
class SameBytesTest {

    private static final ComputeTarget ONNX = new ComputeTarget("cpu", Precision.FP32, Engine.ONNX);
    private static final ModelFolder MODEL = ModelFolder.open(Path.of("../models/default"));
    private static final int ROWS = 9;

    private final Random random = new Random(7);

    @ParameterizedTest
    @CsvSource({"16,16,8", "16,16,77", "13,16,40", "9,7,24", "5,5,20", "24,20,100"})
    void aRowOfADenoiserDoesNotDependOnItsNeighbours(int height, int width, int mostTokens) {
        try (var unet = MODEL.denoiser(ONNX)) {
            var shape = new LatentShape(unet.inChannels(), height, width);
            var rows = rows(unet, shape, mostTokens);
            var alone = rows.stream()
                    .map(row -> unet.predict(shape, List.of(row)).get(0))
                    .toList();
            var order = IntStream.range(0, ROWS).boxed().collect(Collectors.toCollection(ArrayList::new));
            for (int batch : new int[] {2, 3, 5, ROWS}) {
                Collections.shuffle(order, random);
                var chosen = order.subList(0, batch);
                var together =
                        unet.predict(shape, chosen.stream().map(rows::get).toList());
                for (int i = 0; i < batch; i++) {
                    assertThat(together.get(i)).as("row %d of %d", i, batch).isEqualTo(alone.get(chosen.get(i)));
                }
            }
        }
    }

    @Test
    void theStatesOfAPromptDoNotDependOnItsNeighbours() {
        var prompts = List.of("a cat", "", "a blue house under a tree at night by the sea, oil on canvas", "x");
        try (var encoder = MODEL.textEncoder(ONNX)) {
            var together = Fixture.states(encoder, prompts);
            for (int i = 0; i < prompts.size(); i++) {
                var alone = Fixture.states(encoder, List.of(prompts.get(i))).get(0);
                assertThat(together.get(i)).as(prompts.get(i)).isEqualTo(alone);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"16,16", "13,9"})
    void aPictureDoesNotDependOnItsNeighbours(int height, int width) {
        try (var codec = MODEL.imageCodec(ONNX)) {
            var shape = new LatentShape(4, height, width);
            var latents =
                    IntStream.range(0, 5).mapToObj(i -> noise(shape.size())).toList();
            var together = codec.decode(shape, latents).stream()
                    .map(Optional::orElseThrow)
                    .toList();
            var back = codec.encode(together.stream().map(UnitImage::of).toList());
            for (int i = 0; i < latents.size(); i++) {
                var alone = codec.decode(shape, List.of(latents.get(i))).get(0).orElseThrow();
                assertThat(together.get(i).pixels()).isEqualTo(alone.pixels());
                var aloneAgain = codec.encode(List.of(UnitImage.of(alone))).get(0);
                assertThat(back.get(i).mode()).isEqualTo(aloneAgain.mode());
                assertThat(back.get(i).deviation().orElseThrow())
                        .isEqualTo(aloneAgain.deviation().orElseThrow());
            }
        }
    }

    @Test
    void resultsDoNotDependOnTheNumberOfThreads() throws Exception {
        var one = checksums(1);
        assertThat(one).isNotEmpty();
        assertThat(checksums(2)).isEqualTo(one);
        assertThat(checksums(5)).isEqualTo(one);
    }

    /** The number of threads is set once a process. */
    private static String checksums(int threads) throws Exception {
        var process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-D" + Torch.THREADS_PROPERTY + "=" + threads,
                        "-cp",
                        System.getProperty("java.class.path"),
                        SameBytesTest.class.getName())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        var printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(printed).isZero();
        return printed.lines().filter(line -> line.startsWith("checksum")).collect(Collectors.joining("\n"));
    }

    /** Prints checksums of what every network makes. */
    public static void main(String[] args) {
        var test = new SameBytesTest();
        try (var unet = MODEL.denoiser(ONNX);
                var encoder = MODEL.textEncoder(ONNX);
                var codec = MODEL.imageCodec(ONNX)) {
            var shape = new LatentShape(4, 20, 12);
            for (var row : unet.predict(shape, test.rows(unet, shape, 30))) {
                System.out.println("checksum " + Arrays.hashCode(row));
            }
            for (var states : Fixture.states(encoder, List.of("a cat", "a house by the sea, oil on canvas"))) {
                System.out.println("checksum " + Arrays.hashCode(states));
            }
            for (var image : codec.decode(shape, List.of(test.noise(shape.size()), test.noise(shape.size())))) {
                System.out.println(
                        "checksum " + Arrays.hashCode(image.orElseThrow().pixels()));
            }
        }
    }

    private List<Row> rows(Denoiser unet, LatentShape shape, int mostTokens) {
        var rows = new ArrayList<Row>();
        for (int i = 0; i < ROWS; i++) {
            int tokens = 1 + random.nextInt(mostTokens);
            var row = NoiseRow.of(unet, shape, tokens, random.nextLong());
            rows.add(new Row(row.sample(), 1000 * random.nextFloat(), row.inputs()));
        }
        return rows;
    }

    private float[] noise(int size) {
        var values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
