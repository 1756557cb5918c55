package dev.weir.engine.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.ImageCodec.Known;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelException;
import dev.weir.engine.UnitImage;
import dev.weir.engine.backend.Backend;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.backend.Kept;
import dev.weir.engine.graph.Script;
import dev.weir.engine.onnx.OnnxBackend;
import dev.weir.engine.torch.TorchBackend;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Autoencoders of every kind, on every engine, against what diffusers recorded. */
@ParameterizedClass
@EnumSource(Engine.class)
record AutoencodersTest(Engine engine) {

    private static final double TOLERANCE = 1e-4;
    private static final List<String> SIZES = List.of("4x4", "4x6");

    private static Fixture fixture(String name) {
        return new Fixture(Path.of("src/test/resources/reference/autoencoders", name));
    }

    private static Autoencoder read(Fixture fixture) {
        var config = fixture.config("");
        return NetworkType.read(config, Autoencoder.class);
    }

    private Executable load(Fixture fixture) {
        var script = new Script("autoencoder", fixture.weights(""));
        read(fixture).describe(script);
        script.check(name -> false);
        Backend backend =
                engine == Engine.ONNX ? new OnnxBackend() : TorchBackend.on(new ComputeTarget("cpu", Precision.FP32));
        return backend.load(script);
    }

    private VaeCodec codec(Fixture fixture) {
        var autoencoder = read(fixture);
        var whole = new Tiling(Long.MAX_VALUE, 1);
        return new VaeCodec(load(fixture), autoencoder.codec(), whole, autoencoder.masked());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "kl-tiled",
                "kl-bare",
                "kl-attention",
                "asymmetric",
                "tiny",
                "tiny-options",
                "taesd",
                "vq",
                "movq"
            })
    void picturesOfLatents(String name) {
        var fixture = fixture(name);
        try (var network = load(fixture)) {
            for (var size : SIZES) {
                Fixture.assertClose(
                        run(network, Codec.DECODE, floats(fixture, "decode/" + size + "/latents")),
                        fixture.floats("decode/" + size + "/picture"),
                        TOLERANCE);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "kl-tiled",
                "kl-bare",
                "kl-attention",
                "asymmetric",
                "tiny",
                "tiny-options",
                "taesd",
                "vq",
                "movq"
            })
    void latentsOfPictures(String name) {
        var fixture = fixture(name);
        try (var codec = codec(fixture)) {
            for (var size : SIZES) {
                var latents = codec.encode(pictures(fixture, "encode/" + size + "/picture"));
                for (int i = 0; i < latents.size(); i++) {
                    var mean = fixture.row("encode/" + size + "/mean", i);
                    Fixture.assertClose(latents.get(i).mode(), mean, TOLERANCE);
                    boolean sampled = fixture.has("encode/" + size + "/noise");
                    assertThat(latents.get(i).deviation().isPresent()).isEqualTo(sampled);
                    var noise = sampled ? fixture.row("encode/" + size + "/noise", i) : new float[0];
                    var sample = sampled ? fixture.row("encode/" + size + "/sample", i) : mean;
                    Fixture.assertClose(latents.get(i).sample(noise), sample, TOLERANCE);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"kl-bare", "kl-attention", "asymmetric", "tiny", "vq", "movq"})
    void onOnnxRuntimeAPictureHasTheSameBytesWithAndWithoutNeighbours(String name) {
        assumeTrue(engine == Engine.ONNX, "libtorch's kernels depend on the batch");
        var fixture = fixture(name);
        var shape = shape(fixture, "decode/4x6/latents");
        try (var codec = codec(fixture)) {
            var latents = List.of(fixture.row("decode/4x6/latents", 0), fixture.row("decode/4x6/latents", 1));
            var together = codec.pictures(shape, List.of(latents.get(1), latents.get(0), latents.get(1)), List.of());
            for (int i = 0; i < 2; i++) {
                var alone = codec.pictures(shape, List.of(latents.get(i)), List.of())
                        .get(0);
                assertThat(together.get(1 - i).values()).isEqualTo(alone.values());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"vq", "movq"})
    void picturesOfCodesAndOfLatentsAsTheyAre(String name) {
        var fixture = fixture(name);
        try (var network = load(fixture)) {
            for (var size : SIZES) {
                var latents = floats(fixture, "decode/" + size + "/latents");
                Fixture.assertClose(
                        run(network, VqModel.DECODE_UNQUANTIZED, latents),
                        fixture.floats("unquantized/" + size + "/picture"),
                        TOLERANCE);
                var codes = fixture.longs("codes/" + size + "/codes");
                var shape = latents.shape();
                var ids = Feed.longs(bytes -> bytes.asLongBuffer().put(codes), shape[0], codes.length / (int) shape[0]);
                var places = Feed.floats(bytes -> {}, shape[0], 1, shape[2], shape[3]);
                Fixture.assertClose(
                        run(network, VqModel.DECODE_CODES, ids, places),
                        fixture.floats("codes/" + size + "/picture"),
                        TOLERANCE);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"4x4", "4x6"})
    void aMaskedDecoderLeavesWhatIsKnown(String size) {
        var fixture = fixture("asymmetric");
        try (var codec = codec(fixture)) {
            var pictures = pictures(fixture, "known/" + size + "/picture");
            var known = new ArrayList<Known>();
            var latents = new ArrayList<float[]>();
            for (int i = 0; i < pictures.size(); i++) {
                known.add(new Known(pictures.get(i), fixture.row("known/" + size + "/mask", i)));
                latents.add(codec.normalized(fixture.row("decode/" + size + "/latents", i)));
            }
            assertThat(codec.seesKnownPictures()).isTrue();
            var decoded = codec.pictures(shape(fixture, "decode/" + size + "/latents"), latents, known);
            for (int i = 0; i < decoded.size(); i++) {
                Fixture.assertClose(decoded.get(i).values(), fixture.row("known/" + size + "/decoded", i), TOLERANCE);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = "kl-bare")
    void latentsAreScaledByMeansAndDeviations(String name) {
        var fixture = fixture(name);
        try (var codec = codec(fixture)) {
            var decoded = codec.pictures(
                    shape(fixture, "scaled/latents"), List.of(fixture.floats("scaled/latents")), List.of());
            Fixture.assertClose(decoded.get(0).values(), fixture.floats("scaled/picture"), TOLERANCE);
            for (int i = 0; i < 2; i++) {
                Fixture.assertClose(
                        codec.normalized(fixture.row("encode/4x4/mean", i)),
                        fixture.row("scaled/encoded", i),
                        TOLERANCE);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"12x21", "5x17"})
    void tilesAreBlendedAsInDiffusers(String size) {
        var fixture = fixture("kl-tiled");
        var autoencoder = read(fixture);
        var counted = new Counted(load(fixture));
        try (var codec = new VaeCodec(counted, autoencoder.codec(), new Tiling(1, 16), false)) {
            var latents = codec.normalized(fixture.floats("tiled/" + size + "/latents"));
            var decoded = codec.pictures(shape(fixture, "tiled/" + size + "/latents"), List.of(latents), List.of());
            Fixture.assertClose(decoded.get(0).values(), fixture.floats("tiled/" + size + "/decoded"), TOLERANCE);
            assertThat(counted.largest).isEqualTo(4 * size(size, 8)); // channels and pixels of a tile of latents
            counted.largest = 0;
            var encoded = codec.encode(pictures(fixture, "tiled/" + size + "/picture"));
            Fixture.assertClose(encoded.get(0).mode(), fixture.floats("tiled/" + size + "/mean"), TOLERANCE);
            assertThat(counted.largest).isEqualTo(3 * 4 * size(size, 8));
        }
    }

    /** Pixels of the largest tile of a size, where a tile's sides are at most {@code tile}. */
    private static int size(String size, int tile) {
        return Arrays.stream(size.split("x"))
                .mapToInt(side -> Math.min(tile, Integer.parseInt(side)))
                .reduce(1, (x, y) -> x * y);
    }

    @ParameterizedTest
    @CsvSource({"1,1,1", "1,3,3", "2,3,2", "3,3,1"})
    void aPictureThatFitsIsNotParted(int roomFor, int rows, int forwards) {
        var fixture = fixture("kl-tiled");
        var counted = new Counted(load(fixture));
        var shape = shape(fixture, "tiled/12x21/latents");
        var tiling = new Tiling(roomFor * 4L * shape.height() * shape.width(), 16);
        try (var codec = new VaeCodec(counted, read(fixture).codec(), tiling, false)) {
            codec.decode(shape, Collections.nCopies(rows, new float[shape.size()]));
            assertThat(counted.forwards).isEqualTo(forwards);
            assertThat(counted.largest).isEqualTo(Math.min(roomFor, rows) * shape.size());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = "asymmetric")
    void aKnownPictureOfAnotherSizeIsRefused(String name) {
        var fixture = fixture(name);
        try (var codec = codec(fixture)) {
            var known = new Known(new UnitImage(4, 4, new float[48]), new float[16]);
            assertThatThrownBy(() -> codec.decode(new LatentShape(4, 4, 4), List.of(new float[64]), List.of(known)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("4x4");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "kl-tiled|down_block_types|[\"DownBlock2D\", \"DownBlock2D\"]",
                "kl-tiled|act_fn|\"elu\"",
                "kl-tiled|latents_mean|[0.5]",
                "kl-tiled|scaling_factor|0",
                "kl-tiled|out_channels|1",
                "kl-tiled|use_wavelets|true",
                "asymmetric|up_block_out_channels|[8, 32, 16]",
                "asymmetric|down_block_types|[\"DownEncoderBlock2D\"]",
                "tiny|upsample_fn|\"bilinear\"",
                "tiny|upsampling_scaling_factor|4",
                "tiny|num_decoder_blocks|[]",
                "tiny|decoder_block_out_channels|[8, 16]",
                "vq|norm_type|\"layer\"",
                "movq|vq_embed_dim|8",
            })
    void whatIsNotSupportedIsNamed(String name, String key, String value) throws Exception {
        var fixture = fixture(name);
        ObjectNode config = fixture.config("").deepCopy();
        config.set(key, new ObjectMapper().readTree(value));
        assertThatThrownBy(() -> Networks.check(config, fixture.weights("")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("option " + key + " = ");
    }

    private static LatentShape shape(Fixture fixture, String tensor) {
        var shape = fixture.shape(tensor);
        return new LatentShape(shape[1], shape[2], shape[3]);
    }

    private static List<UnitImage> pictures(Fixture fixture, String tensor) {
        var shape = fixture.shape(tensor);
        var pictures = new ArrayList<UnitImage>();
        for (int i = 0; i < shape[0]; i++) {
            pictures.add(new UnitImage(shape[3], shape[2], fixture.row(tensor, i)));
        }
        return pictures;
    }

    private static Feed floats(Fixture fixture, String tensor) {
        var values = fixture.floats(tensor);
        var shape = Arrays.stream(fixture.shape(tensor)).asLongStream().toArray();
        return Feed.floats(bytes -> bytes.asFloatBuffer().put(values), shape);
    }

    private static float[] run(Executable network, String method, Feed... feeds) {
        return network.run(method, List.of(feeds), AutoencodersTest::all);
    }

    private static float[] all(ByteBuffer out) {
        var result = new float[out.remaining() / Float.BYTES];
        out.asFloatBuffer().get(result);
        return result;
    }

    /** A network whose forwards are counted, with the most numbers that one was fed. */
    private static final class Counted implements Executable {

        private final Executable network;
        private int forwards;
        private int largest;

        Counted(Executable network) {
            this.network = network;
        }

        @Override
        public <T> T run(String method, List<Feed> feeds, Function<ByteBuffer, T> reader) {
            forwards++;
            feeds.forEach(feed -> largest = Math.max(largest, feed.length() / Float.BYTES));
            return network.run(method, feeds, reader);
        }

        @Override
        public void keep(Map<String, Kept> inputs) {
            network.keep(inputs);
        }

        @Override
        public void close() {
            network.close();
        }
    }
}
