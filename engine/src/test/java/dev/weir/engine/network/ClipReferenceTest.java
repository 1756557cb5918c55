package dev.weir.engine.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ModelException;
import dev.weir.engine.Prompt;
import dev.weir.engine.RgbImage;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.graph.Script;
import dev.weir.engine.image.Bitmap;
import dev.weir.engine.image.ClipImageProcessor;
import dev.weir.engine.image.Filter;
import dev.weir.engine.image.Resampler;
import dev.weir.engine.onnx.OnnxBackend;
import dev.weir.engine.tokenizer.Tokenizer;
import dev.weir.engine.torch.TorchBackend;
import dev.weir.engine.torchscript.Numerics;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** CLIP's text and vision networks and the safety checker against what transformers and diffusers recorded. */
class ClipReferenceTest {

    private static final double TOLERANCE = 1e-4;
    private static final Path HOME = Path.of("src/test/resources/reference/clip");

    @ParameterizedTest
    @CsvSource({
        "TORCH,projected,text_embeds",
        "TORCH,projected-legacy-eos,text_embeds",
        "TORCH,plain,pooler_output",
        "ONNX,projected,text_embeds",
        "ONNX,projected-legacy-eos,text_embeds",
        "ONNX,plain,pooler_output"
    })
    void everyHiddenStateAndThePooledStateAreTheReferences(Engine engine, String name, String pooledName) {
        var fixture = new Fixture(HOME.resolve(name));
        var options = ClipTextModel.Options.read(fixture.config("."));
        int layers = options.layers().layers();
        for (boolean normed : List.of(true, false)) {
            var clip = new ClipTextModel(options, new ClipOutput(0, normed, true));
            try (var network = load(engine, clip, fixture)) {
                for (int layer = 0; layer <= layers; layer++) {
                    var rows = text(network, fixture, options, repeated(layer));
                    var states = (normed ? "normed/" : "hidden/") + layer;
                    assertRows(rows, fixture, clip, states, pooledName);
                }
                assertThat(clip.pooledName()).isEqualTo(pooledName);
            }
        }
    }

    /** As Stable Diffusion and Stable Diffusion XL use the encoder. */
    @ParameterizedTest
    @CsvSource({"TORCH,false", "TORCH,true", "ONNX,false", "ONNX,true"})
    void promptsOfOneForwardMayLeaveOutDifferentLayers(Engine engine, boolean penultimate) {
        var fixture = new Fixture(HOME.resolve("projected"));
        var output = penultimate ? ClipOutput.PENULTIMATE : ClipOutput.LAST;
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        var skips = List.of(0, 2, 1, 0);
        var prompts = IntStream.range(0, skips.size())
                .mapToObj(row -> new Prompt(Integer.toString(row), skips.get(row)))
                .toList();
        try (var encoder =
                Networks.textEncoder(fixture.config("."), fixture.weights("."), recorded(fixture), output, target)) {
            assertThat(encoder.maxClipSkip()).isEqualTo(penultimate ? 2 : 3);
            var encoded = encoder.encode(prompts);
            for (int row = 0; row < skips.size(); row++) {
                var states = encoded.get(row).states();
                int layer = encoder.maxClipSkip() - skips.get(row);
                Fixture.assertClose(
                        states.get("encoder_hidden_states").values(),
                        fixture.row((penultimate ? "hidden/" : "normed/") + layer, row),
                        TOLERANCE);
                Fixture.assertClose(states.get("text_embeds").values(), fixture.row("text_embeds", row), TOLERANCE);
            }
            assertThatThrownBy(() -> encoder.encode(List.of(new Prompt("0", 4))))
                    .hasMessageContaining("clip_skip 4 is not between 0 and " + encoder.maxClipSkip());
        }
    }

    @ParameterizedTest
    @EnumSource(Engine.class)
    void imageEmbedsAreTheReferences(Engine engine) {
        var fixture = new Fixture(HOME.resolve("vision"));
        var clip = ClipVisionModel.read(fixture.config("."));
        var script = new Script("vision", fixture.weights("."));
        clip.describe(script);
        script.check(clip::spare);
        try (var network = backend(engine, script)) {
            var embeds = network.run(ClipVisionModel.FORWARD, List.of(pixels(fixture)), floats());
            Fixture.assertClose(embeds, fixture.floats("image_embeds"), TOLERANCE);
        }
    }

    @ParameterizedTest
    @EnumSource(Engine.class)
    void flagsAreTheReferences(Engine engine) {
        var fixture = new Fixture(HOME.resolve("safety"));
        var checker = SafetyChecker.read(fixture.config("."));
        var script = new Script("safety", fixture.weights("."));
        checker.describe(script);
        script.check(checker::spare);
        int pictures = fixture.shape("pixels")[0];
        var expected = LongStream.of(fixture.longs("flags"))
                .mapToObj(flag -> Optional.of(flag == 1))
                .toList();
        try (var network = backend(engine, script)) {
            var scores = network.run(ClipVisionModel.FORWARD, List.of(pixels(fixture)), floats());
            for (int i = 0; i < pictures; i++) {
                var row = Fixture.row(scores, i, pictures);
                Fixture.assertClose(Arrays.copyOf(row, SafetyChecker.SPECIAL), fixture.row("special", i), TOLERANCE);
                Fixture.assertClose(
                        Arrays.copyOfRange(row, SafetyChecker.SPECIAL, row.length),
                        fixture.row("concepts", i),
                        TOLERANCE);
            }
            var flags = network.run(
                    ClipVisionModel.FORWARD, List.of(pixels(fixture)), result -> SafetyChecker.flags(result, pictures));
            assertThat(flags).isEqualTo(expected).contains(Optional.of(true), Optional.of(false));
        }
    }

    /** From 8-bit pictures of another size, as diffusers' pipelines do after decoding. */
    @ParameterizedTest
    @EnumSource(Engine.class)
    void picturesAreFlaggedAsByDiffusers(Engine engine) {
        var fixture = new Fixture(HOME.resolve("safety"));
        var processor = ClipImageProcessor.read(
                JsonFile.read(HOME.resolve("safety/feature_extractor/preprocessor_config.json")));
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        var pictures = pictures(fixture);
        var expected = LongStream.of(fixture.longs("flags"))
                .mapToObj(flag -> Optional.of(flag == 1))
                .toList();
        try (var checker = Networks.pictureChecker(fixture.config("."), fixture.weights("."), processor, target)) {
            assertThat(checker.flags(pictures)).isEqualTo(expected);
            assertThat(checker.flags(pictures.subList(0, 1))).isEqualTo(expected.subList(0, 1));
            assertThat(checker.flags(List.of())).isEmpty();
        }
    }

    @Test
    void aProcessorOfAnotherSizeIsRefused() throws Exception {
        var fixture = new Fixture(HOME.resolve("vision"));
        var processor = ClipImageProcessor.read(new ObjectMapper().readTree("{}"));
        var target = new ComputeTarget("cpu", Precision.FP32);
        assertThatThrownBy(() -> Networks.imageEncoder(fixture.config("."), fixture.weights("."), processor, target))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("crop_size")
                .hasMessageContaining("image_size 12");
    }

    /** A picture that is resized beforehand, as the processor resizes it, gives the same embedding. */
    @ParameterizedTest
    @EnumSource(Engine.class)
    void anImageEncoderTakesPicturesOfAnySize(Engine engine) {
        var fixture = new Fixture(HOME.resolve("vision"));
        var processor = ClipImageProcessor.read(
                JsonFile.read(HOME.resolve("safety/feature_extractor/preprocessor_config.json")));
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        var large = Bitmap.of(pictures(new Fixture(HOME.resolve("safety"))).get(0));
        var small = Resampler.resize(large, 15, 12, Filter.BICUBIC);
        try (var encoder = Networks.imageEncoder(fixture.config("."), fixture.weights("."), processor, target)) {
            var embeds = encoder.encode(List.of(encoder.pixels(large), encoder.pixels(small)));
            assertThat(embeds.get(0).get("image_embeds").shape()).isEqualTo(List.of(12));
            Fixture.assertClose(
                    embeds.get(1).get("image_embeds").values(),
                    embeds.get(0).get("image_embeds").values(),
                    TOLERANCE);
        }
    }

    private static List<RgbImage> pictures(Fixture fixture) {
        var shape = fixture.shape("pictures");
        var bytes = fixture.bytes("pictures");
        var pictures = new ArrayList<RgbImage>();
        for (int i = 0; i < shape[0]; i++) {
            var pixels = new byte[bytes.remaining() / (shape[0] - i)];
            bytes.get(pixels);
            pictures.add(new RgbImage(shape[2], shape[1], pixels));
        }
        return pictures;
    }

    private static void assertRows(
            List<float[]> rows, Fixture fixture, ClipTextModel clip, String states, String pooled) {
        for (int row = 0; row < rows.size(); row++) {
            var expected = fixture.row(states, row);
            var actual = rows.get(row);
            assertThat(actual).hasSize(expected.length + clip.pooledWidth());
            Fixture.assertClose(Arrays.copyOf(actual, expected.length), expected, TOLERANCE);
            Fixture.assertClose(
                    Arrays.copyOfRange(actual, expected.length, actual.length), fixture.row(pooled, row), TOLERANCE);
        }
    }

    /** Knows the recorded prompts by number. */
    @Test
    void aPromptWhoseSizeIsAskedForIsReadOnce() {
        var fixture = new Fixture(HOME.resolve("projected"));
        var read = new ArrayList<String>();
        var prompt = Prompt.of("1");
        var target = new ComputeTarget("cpu", Precision.FP32);
        try (var encoder =
                Networks.textEncoder(fixture.config("."), fixture.weights("."), recorded(fixture, read::add), target)) {
            var size = encoder.size(prompt);
            assertThat(encoder.size(prompt)).isEqualTo(size);
            encoder.encode(List.of(Prompt.of("1"), Prompt.of("2")));
        }
        assertThat(read).containsExactly("1", "2");
    }

    private static Tokenizer recorded(Fixture fixture) {
        return recorded(fixture, prompt -> {});
    }

    private static Tokenizer recorded(Fixture fixture, Consumer<String> reads) {
        int length = fixture.shape("ids")[1];
        return Fixture.recordedTokenizer(length, prompt -> {
            reads.accept(prompt);
            int row = Integer.parseInt(prompt);
            return Arrays.copyOfRange(fixture.longs("ids"), row * length, (row + 1) * length);
        });
    }

    private static List<float[]> text(
            Executable network, Fixture fixture, ClipTextModel.Options options, long[] layers) {
        var shape = fixture.shape("ids");
        var ids = fixture.longs("ids");
        var ends = new long[shape[0]];
        for (int row = 0; row < shape[0]; row++) {
            ends[row] = options.end(Arrays.copyOfRange(ids, row * shape[1], (row + 1) * shape[1]));
        }
        var kept = Feed.booleans(bytes -> bytes.put((byte) 1), 1, 1);
        var feeds = List.of(longs(ids, shape[0], shape[1]), kept, longs(layers, shape[0]), longs(ends, shape[0]));
        var all = network.run(TextTransformer.FORWARD, feeds, floats());
        var rows = new ArrayList<float[]>();
        for (int row = 0; row < shape[0]; row++) {
            rows.add(Fixture.row(all, row, shape[0]));
        }
        return rows;
    }

    private static long[] repeated(long layer) {
        return new long[] {layer, layer, layer, layer};
    }

    private static Feed longs(long[] values, long... shape) {
        return Feed.longs(bytes -> bytes.asLongBuffer().put(values), shape);
    }

    private static Feed pixels(Fixture fixture) {
        var values = fixture.floats("pixels");
        var shape = Arrays.stream(fixture.shape("pixels")).asLongStream().toArray();
        return Feed.floats(bytes -> bytes.asFloatBuffer().put(values), shape);
    }

    private static Function<ByteBuffer, float[]> floats() {
        return out -> {
            var result = new float[out.remaining() / Float.BYTES];
            out.asFloatBuffer().get(result);
            return result;
        };
    }

    private static Executable load(Engine engine, ClipTextModel clip, Fixture fixture) {
        var script = new Script("text", fixture.weights("."));
        clip.describe(script);
        script.check(clip::spare);
        return backend(engine, script);
    }

    private static Executable backend(Engine engine, Script script) {
        var target = new ComputeTarget("cpu", Precision.FP32);
        var backend = engine == Engine.ONNX ? new OnnxBackend() : new TorchBackend(Numerics.of(target, false));
        return backend.load(script);
    }
}
