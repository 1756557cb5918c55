package dev.weir.engine.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.ImageCodec;
import dev.weir.engine.LatentShape;
import dev.weir.engine.RgbImage;
import dev.weir.engine.UnitImage;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.graph.Script;
import dev.weir.engine.onnx.OnnxBackend;
import dev.weir.engine.torch.Processor;
import dev.weir.engine.torch.TorchBackend;
import dev.weir.engine.torchscript.Numerics;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The autoencoders of whole checkpoints against what PyTorch recorded, in numbers and in the bytes of pictures. */
class AutoencoderReferenceTest {

    private static final List<String> SIZES = List.of("4x4", "4x6");

    @ParameterizedTest
    @CsvSource({
        "TORCH,sd1,vae,sd1,FP32,false",
        "TORCH,sd2,vae,sd2,FP32,false",
        "TORCH,default,vae,default,FP32,false",
        "TORCH,variants,vae-old-names,sd1,FP32,false",
        "ONNX,sd1,vae,sd1,FP32,false",
        "ONNX,sd2,vae,sd2,FP32,false",
        "ONNX,default,vae,default,FP32,false",
        "ONNX,variants,vae-old-names,sd1,FP32,false",
        "TORCH,sd1,vae,sd1,BF16,false",
        "TORCH,sd1,vae,sd1,BF16,true",
        "TORCH,sd2,vae,sd2,BF16,false",
        "TORCH,sd2,vae,sd2,BF16,true",
        "TORCH,default,vae,default,BF16,false",
        "TORCH,default,vae,default,BF16,true"
    })
    void picturesAndLatentsAreTheReferences(
            Engine engine, String checkpoint, String component, String recorded, Precision precision, boolean packed) {
        assumeTrue(!packed || Processor.supports(precision), "oneDNN packs no bf16 weights on this CPU");
        var fixture = Fixture.of(recorded);
        try (var network = load(engine, Fixture.of(checkpoint), component, precision, packed)) {
            for (var size : SIZES) {
                assertNear(
                        run(network, Codec.DECODE, fixture, "vae/" + size + "/latents"),
                        fixture.floats("vae/" + size + "/decoded"),
                        precision);
                var moments = run(network, Codec.ENCODE, fixture, "vae/" + size + "/picture");
                var mean = fixture.floats("vae/" + size + "/mean");
                var logVariance = fixture.floats("vae/" + size + "/logvar");
                assertNear(Arrays.copyOf(moments, mean.length), mean, precision);
                assertNear(Arrays.copyOfRange(moments, mean.length, moments.length), logVariance, precision);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"TORCH,sd1", "TORCH,sd2", "TORCH,default", "ONNX,sd1", "ONNX,sd2", "ONNX,default"})
    void decodedBytesAreTheReferencesRounded(Engine engine, String checkpoint) {
        var fixture = Fixture.of(checkpoint);
        try (var codec = codec(engine, fixture)) {
            for (var size : SIZES) {
                var shape = fixture.shape("vae/" + size + "/latents");
                var latents = new ArrayList<float[]>();
                for (int i = 0; i < shape[0]; i++) {
                    latents.add(codec.normalized(fixture.row("vae/" + size + "/latents", i)));
                }
                var images = codec.decode(new LatentShape(shape[1], shape[2], shape[3]), latents);
                for (int i = 0; i < shape[0]; i++) {
                    assertSamePicture(
                            images.get(i).orElseThrow(),
                            fixture.row("vae/" + size + "/decoded", i),
                            codec.scale() * shape[3]);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"TORCH,sd1,0.18215", "ONNX,sd1,0.18215", "TORCH,default,1", "ONNX,default,1"})
    void encodedLatentsAreScaledForTheDenoiser(Engine engine, String checkpoint, float factor) {
        var fixture = Fixture.of(checkpoint);
        try (var codec = codec(engine, fixture)) {
            var shape = fixture.shape("vae/4x6/picture");
            var picture = new UnitImage(shape[3], shape[2], fixture.floats("vae/4x6/picture"));
            var mode = codec.encode(List.of(picture)).get(0).mode();
            var mean = fixture.floats("vae/4x6/mean");
            Fixture.assertClose(mode, mean, 1e-4);
            for (int i = 0; i < mean.length; i++) {
                mean[i] *= factor;
            }
            Fixture.assertClose(codec.normalized(mode), mean, 1e-4);
        }
    }

    private static ImageCodec codec(Engine engine, Fixture fixture) {
        return Networks.imageCodec(
                fixture.config("vae"), fixture.weights("vae"), new ComputeTarget("cpu", Precision.FP32, engine));
    }

    /** The reference's own conversion, and one level of leave where rounding falls on the other side. */
    private static void assertSamePicture(RgbImage image, float[] expected, int width) {
        assertThat(image.width()).isEqualTo(width);
        int pixels = image.width() * image.height();
        for (int i = 0; i < pixels; i++) {
            for (int channel = 0; channel < 3; channel++) {
                double unit = Math.min(1, Math.max(0, expected[channel * pixels + i] / 2 + 0.5));
                int actual = image.pixels()[3 * i + channel] & 0xff;
                assertThat((double) actual).isBetween(255 * unit - 0.51, 255 * unit + 0.51);
            }
        }
    }

    private static Executable load(
            Engine engine, Fixture fixture, String component, Precision precision, boolean packed) {
        var numerics = Numerics.of(new ComputeTarget("cpu", precision), packed);
        var script = new Script(AutoencoderKl.NAME, fixture.weights(component));
        AutoencoderKl.read(fixture.config(component)).describe(script);
        script.check(name -> false);
        var backend = engine == Engine.ONNX ? new OnnxBackend() : new TorchBackend(numerics);
        return backend.load(script);
    }

    private static float[] run(Executable network, String method, Fixture fixture, String tensor) {
        var values = fixture.floats(tensor);
        var shape = Arrays.stream(fixture.shape(tensor)).asLongStream().toArray();
        var feed = Feed.floats(bytes -> bytes.asFloatBuffer().put(values), shape);
        return network.run(method, List.of(feed), out -> {
            var result = new float[out.remaining() / Float.BYTES];
            out.asFloatBuffer().get(result);
            return result;
        });
    }

    private static void assertNear(float[] actual, float[] expected, Precision precision) {
        if (precision == Precision.FP32) {
            Fixture.assertClose(actual, expected, 1e-4);
        } else {
            Fixture.assertRelative(actual, expected, 0.03);
        }
    }
}
