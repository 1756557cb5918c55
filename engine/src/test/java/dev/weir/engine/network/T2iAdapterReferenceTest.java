package dev.weir.engine.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.weir.engine.AddOns;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Denoiser.Row;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.Tensors;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.backend.Kept;
import dev.weir.engine.control.Control;
import dev.weir.engine.control.ControlNet;
import dev.weir.engine.control.ControlNetFolders;
import dev.weir.engine.control.ControlPicture;
import dev.weir.engine.image.PictureReader;
import dev.weir.engine.image.Preprocessor;
import dev.weir.engine.network.SteeringNetwork.Steered;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a T2I-Adapter alone makes of a picture, beside what diffusers' makes, and how often it does. */
class T2iAdapterReferenceTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("t2i_adapters/io.safetensors");

    @ParameterizedTest
    @CsvSource({
        "TORCH, full, full, checkpoints/sd1, 64, 48",
        "TORCH, light of an odd size, light, checkpoints/sd1, 72, 56",
        "TORCH, xl-full, xl-full, sdxl, 64, 48",
        "ONNX, full, full, checkpoints/sd1, 64, 48",
        "ONNX, grey, grey, checkpoints/sd1, 64, 48",
        "ONNX, light, light, checkpoints/sd1, 64, 48",
        "ONNX, light of an odd size, light, checkpoints/sd1, 72, 56",
        "ONNX, sd2-full, sd2-full, checkpoints/sd2, 64, 48",
        "ONNX, xl-full, xl-full, sdxl, 64, 48"
    })
    void theFeaturesAreTheReferences(Engine engine, String expected, String name, String home, int width, int height)
            throws IOException {
        ControlNet adapter = adapter(home, name);
        var model = T2iAdapterModel.read(adapter.config());
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        float[] features = TENSORS.floats("features/" + expected);
        FloatBuffer sum = FloatBuffer.allocate(features.length);
        try (var network =
                new T2iAdapterNetwork(Networks.load(model, adapter.config(), adapter.weights(), target), model)) {
            network.add(new LatentShape(4, 1, 1), List.of(steered(adapter, picture(width, height), 1, sum)));
        }
        assertThat(sum.array()).containsExactly(features, within(1e-4f));
    }

    @Test
    void anAdapterSeesAPictureOnceForAllStepsRowsAndScales() throws IOException {
        ControlNet adapter = adapter("checkpoints/sd1", "full");
        var model = T2iAdapterModel.read(adapter.config());
        var target = new ComputeTarget("cpu", Precision.FP32, Engine.ONNX);
        float[] features = TENSORS.floats("features/full");
        FloatBuffer sum = FloatBuffer.allocate(features.length);
        ControlPicture picture = picture(64, 48);
        var runs = new AtomicInteger();
        var loaded = Networks.load(model, adapter.config(), adapter.weights(), target);
        try (var network = new T2iAdapterNetwork(counting(loaded, runs), model)) {
            var sample = new LatentShape(4, 1, 1);
            network.add(sample, List.of(steered(adapter, picture, 0.5f, sum), steered(adapter, picture, 0.25f, sum)));
            network.add(sample, List.of(steered(adapter, picture, 0.25f, sum)));
            assertThat(runs).hasValue(1);
            network.add(sample, List.of(steered(adapter, picture(64, 48), 0, sum)));
            assertThat(runs).hasValue(2);
        }
        assertThat(sum.array()).containsExactly(features, within(1e-4f));
    }

    /** Results are large, and many samples may wait. */
    @Test
    void ofManyPicturesTheLeastRecentlyUsedIsSeenAgain() throws IOException {
        ControlNet adapter = adapter("checkpoints/sd1", "full");
        var model = T2iAdapterModel.read(adapter.config());
        FloatBuffer sum = FloatBuffer.allocate(TENSORS.floats("features/full").length);
        List<ControlPicture> pictures = new ArrayList<>();
        var runs = new AtomicInteger();
        var loaded = Networks.load(
                model, adapter.config(), adapter.weights(), new ComputeTarget("cpu", Precision.FP32, Engine.ONNX));
        try (var network = new T2iAdapterNetwork(counting(loaded, runs), model)) {
            for (int i = 0; i < T2iAdapterNetwork.MOST; i++) {
                pictures.add(picture(64, 48));
                see(network, adapter, pictures.get(i), sum);
            }
            see(network, adapter, pictures.get(0), sum);
            assertThat(runs).hasValue(T2iAdapterNetwork.MOST);
            pictures.add(picture(64, 48));
            see(network, adapter, pictures.get(T2iAdapterNetwork.MOST), sum);
            see(network, adapter, pictures.get(0), sum);
            assertThat(runs).hasValue(T2iAdapterNetwork.MOST + 1);
            see(network, adapter, pictures.get(1), sum);
            assertThat(runs).hasValue(T2iAdapterNetwork.MOST + 2);
        }
    }

    private static void see(T2iAdapterNetwork network, ControlNet adapter, ControlPicture picture, FloatBuffer sum) {
        network.add(new LatentShape(4, 1, 1), List.of(steered(adapter, picture, 1, sum)));
    }

    private static Executable counting(Executable network, AtomicInteger runs) {
        return new Executable() {
            @Override
            public <T> T run(String method, List<Feed> feeds, Function<ByteBuffer, T> reader) {
                runs.incrementAndGet();
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
        };
    }

    @Test
    void aPictureThatDoesNotFillWholeSquaresIsStretched() throws IOException {
        var parts = picture(60, 44).parts(3, 8);

        assertThat(parts.shape()).containsExactly(192, 6, 8);
    }

    /** Those of models of published sizes. */
    @ParameterizedTest
    @CsvSource({
        "full_adapter, 8, sd1, true",
        "light_adapter, 8, sd1, true",
        "full_adapter, 8, sd2, true",
        "full_adapter_xl, 16, sdxl, true",
        "full_adapter, 8, sdxl, false",
        "full_adapter_xl, 16, sd1, false"
    })
    void adaptersOfPublishedSizesHaveThePublishedWeightsAndFitTheirFamilies(
            String kind, int reduction, String family, boolean fits) throws IOException {
        var config = JsonNodeFactory.instance
                .objectNode()
                .put("_class_name", "T2IAdapter")
                .put("adapter_type", kind)
                .put("downscale_factor", reduction);
        Map<String, List<Integer>> expected = new HashMap<>();
        ReferenceFile.json("t2i_adapters/published.json").get(kind).fields().forEachRemaining(tensor -> {
            List<Integer> shape = new ArrayList<>();
            tensor.getValue().forEach(side -> shape.add(side.asInt()));
            expected.put(tensor.getKey(), shape);
        });
        assertThat(Networks.shapes(config)).containsExactlyInAnyOrderEntriesOf(expected);

        UNetConfig unet;
        try (var file = ModelFolder.class.getResourceAsStream("families/" + family + "/unet/config.json")) {
            unet = UNetConfig.read(new ObjectMapper().readTree(file));
        }
        ThrowingCallable fit = () -> ControlFit.require(unet, new LatentSpace(4, 8), T2iAdapterModel.read(config));
        if (fits) {
            assertThatCode(fit).doesNotThrowAnyException();
        } else {
            assertThatThrownBy(fit).hasMessageContaining("for another family of models");
        }
    }

    private static Steered steered(ControlNet adapter, ControlPicture picture, float scale, FloatBuffer sum) {
        var row = new Row(new float[0], 0, Tensors.NONE);
        return new Steered(row, new Control(adapter, picture, scale, 0, 1, false), sum);
    }

    private static ControlPicture picture(int width, int height) throws IOException {
        byte[] photo = Files.readAllBytes(ReferenceFile.path("images/photo.png"));
        var read = PictureReader.read(photo, PictureReader.Limits.DEFAULT);
        return ControlPicture.of(read, width, height, Preprocessor.NONE);
    }

    private static ControlNet adapter(String home, String name) {
        String folder = home.substring(home.lastIndexOf('/') + 1);
        return ModelFolder.open(
                        ReferenceFile.path(home),
                        Optional.empty(),
                        List.of(),
                        Optional.empty(),
                        AddOns.of(ControlNetFolders.open(List.of(ReferenceFile.path("t2i_adapters/" + folder)))))
                .controlNets()
                .byName()
                .get(name);
    }
}
