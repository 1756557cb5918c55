package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.ComputeTarget.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What networks give where a number is not finite: a row says so, and its neighbours do not notice. */
class NotFiniteTest {

    private static final LatentShape SHAPE = new LatentShape(4, 8, 8);

    @TempDir
    Path folder;

    static Stream<ComputeTarget> targets() {
        return Stream.of(
                target(Precision.FP32),
                target(Precision.BF16),
                new ComputeTarget("cpu", Precision.FP32, ComputeTarget.Engine.ONNX));
    }

    @ParameterizedTest
    @MethodSource("targets")
    void aNaNInAWeightOfTheDenoiserIsSeenInItsOutput(ComputeTarget target) throws IOException {
        Path model = TestModels.copy("sd1", folder);
        TestModels.poison(model.resolve("unet"), "down_blocks.0.resnets.0.conv1.weight", Float.NaN);
        try (Denoiser denoiser = ModelFolder.open(model).denoiser(target)) {
            assertThat(denoiser.predict(SHAPE, List.of(row(denoiser, 1), row(denoiser, 2))))
                    .noneMatch(Finite::all);
        }
    }

    @ParameterizedTest
    @MethodSource("targets")
    void aNaNInAWeightOfTheDecoderGivesNoPicture(ComputeTarget target) throws IOException {
        Path model = TestModels.copy("sd1", folder);
        TestModels.poison(model.resolve("vae"), "decoder.conv_in.weight", Float.NaN);
        try (ImageCodec codec = ModelFolder.open(model).imageCodec(target)) {
            assertThat(codec.decode(SHAPE, List.of(latent(1), latent(2)))).containsOnly(Optional.empty());
        }
    }

    @ParameterizedTest
    @MethodSource("targets")
    void aNaNInAWeightOfTheTextEncoderIsSeenInItsStates(ComputeTarget target) throws IOException {
        Path model = TestModels.copy("sd1", folder);
        TestModels.poison(model.resolve("text_encoder"), "text_model.final_layer_norm.bias", Float.NaN);
        try (TextEncoder encoder = ModelFolder.open(model).textEncoder(target)) {
            assertThat(encoder.states(List.of("", "a red apple"))).noneMatch(Tensors::isFinite);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"FP32", "BF16", "FP16"})
    void anOverflowInFp16IsNoneInOtherPrecisions(Precision precision) throws IOException {
        Path model = TestModels.copy("sd1", folder);
        TestModels.poison(model.resolve("unet"), "conv_in.bias", 1e6f);
        try (Denoiser denoiser = ModelFolder.open(model).denoiser(target(precision))) {
            assertThat(Finite.all(
                            denoiser.predict(SHAPE, List.of(row(denoiser, 1))).get(0)))
                    .isEqualTo(precision != Precision.FP16);
        }
    }

    @ParameterizedTest
    @MethodSource("targets")
    void aLatentThatIsNotFiniteHarmsNoOtherOfItsBatch(ComputeTarget target) {
        ModelFolder model = ModelFolder.open(TestModels.checkpoint("sd1"));
        try (Denoiser denoiser = model.denoiser(target);
                ImageCodec codec = model.imageCodec(target)) {
            for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.MAX_VALUE}) {
                var first = row(denoiser, 1);
                var last = row(denoiser, 3);
                List<float[]> beside =
                        denoiser.predict(SHAPE, List.of(first, withLatent(row(denoiser, 2), broken(bad)), last));
                List<float[]> expected = denoiser.predict(SHAPE, List.of(first, row(denoiser, 2), last));
                assertThat(beside.get(0)).containsExactly(expected.get(0));
                assertThat(beside.get(2)).containsExactly(expected.get(2));
                assertThat(Finite.all(beside.get(1))).isFalse();

                List<RgbImage> pictures = codec.decode(SHAPE, List.of(latent(1), broken(bad), latent(3))).stream()
                        .map(image -> image.orElse(null))
                        .toList();
                var whole = codec.decode(SHAPE, List.of(latent(1), latent(2), latent(3)));
                assertThat(pictures.get(0).pixels())
                        .containsExactly(whole.get(0).orElseThrow().pixels());
                assertThat(pictures.get(1)).isNull();
                assertThat(pictures.get(2).pixels())
                        .containsExactly(whole.get(2).orElseThrow().pixels());
            }
        }
    }

    private static ComputeTarget target(Precision precision) {
        return new ComputeTarget("cpu", precision);
    }

    private static Denoiser.Row row(Denoiser denoiser, int seed) {
        return withLatent(NoiseRow.of(denoiser, SHAPE, 3, seed), latent(seed));
    }

    private static Denoiser.Row withLatent(Denoiser.Row row, float[] latent) {
        return new Denoiser.Row(latent, row.timestep(), row.inputs());
    }

    private static float[] broken(float value) {
        float[] latent = latent(2);
        Arrays.fill(latent, 100, 120, value);
        return latent;
    }

    private static float[] latent(int seed) {
        return numbers(seed, SHAPE.size());
    }

    private static float[] numbers(int seed, int count) {
        Random random = new Random(seed);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return numbers;
    }
}
