package dev.weir.engine.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.AddOns;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Denoiser.Row;
import dev.weir.engine.HostTensor;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.Tensors;
import dev.weir.engine.control.Control;
import dev.weir.engine.control.ControlNet;
import dev.weir.engine.control.ControlNetFolders;
import dev.weir.engine.control.ControlPicture;
import dev.weir.engine.image.Bitmap;
import dev.weir.engine.network.SteeringNetwork.Steered;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a ControlNet alone gives, beside what diffusers' gives. */
class ControlNetReferenceTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("controlnets/io.safetensors");
    private static final LatentShape SAMPLE = new LatentShape(4, 12, 16);
    private static final int TOKENS = 77;

    @ParameterizedTest
    @CsvSource({
        "TORCH, text, checkpoints/sd1",
        "ONNX, text, checkpoints/sd1",
        "ONNX, guess, checkpoints/sd1",
        "TORCH, pooled, checkpoints/sd1",
        "ONNX, pooled, checkpoints/sd1",
        "ONNX, xl, sdxl"
    })
    void theResultsAreTheReferences(Engine engine, String name, String home) {
        JsonNode use = used(name);
        ControlNet net = net(home, use.get("name").asText());
        var control = new Control(
                net,
                picture(TENSORS.floats(name + "/net/image")),
                use.get("scale").floatValue(),
                0,
                1,
                use.get("guess").asBoolean());
        var model = ControlNetModel.read(net.config());
        float[] expected = TENSORS.floats(name + "/net/residuals");
        List<Row> rows = rows(name);
        boolean isPromptAlone = control.guess() || model.pools();
        List<Steered> steered = new ArrayList<>();
        for (Row row : isPromptAlone ? rows.subList(1, 2) : rows) {
            steered.add(new Steered(
                    row, control, FloatBuffer.allocate(model.shapes().size(SAMPLE))));
        }
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        try (var network = new ControlNetwork(Networks.load(model, net.config(), net.weights(), target), model)) {
            network.add(SAMPLE, steered);
        }

        int size = expected.length / steered.size();
        for (int i = 0; i < steered.size(); i++) {
            float[] own = Arrays.copyOfRange(expected, i * size, (i + 1) * size);
            assertThat(steered.get(i).sum().array())
                    .as("row " + i)
                    .containsExactly(model.pools() ? spread(own, model.shapes()) : own, within(4e-4f));
        }
    }

    /** The picture of 64x48 whose tensor this is. */
    private static ControlPicture picture(float[] shares) {
        int area = shares.length / Bitmap.RGB;
        byte[] values = new byte[shares.length];
        for (int i = 0; i < shares.length; i++) {
            values[i % area * Bitmap.RGB + i / area] = (byte) Math.round(shares[i] * 255);
        }
        var picture = new ControlPicture(new Bitmap(64, 48, Bitmap.RGB, values));
        assertThat(picture.tensor().values()).containsExactly(shares);
        return picture;
    }

    /** A mean for each pixel of its channel. */
    private static float[] spread(float[] means, ResidualShapes shapes) {
        FloatBuffer all = FloatBuffer.allocate(shapes.size(SAMPLE));
        int next = 0;
        for (int i = 0; i < shapes.count(); i++) {
            LatentShape shape = shapes.of(i, SAMPLE);
            for (int channel = 0; channel < shape.channels(); channel++, next++) {
                for (int pixel = 0; pixel < shape.height() * shape.width(); pixel++) {
                    all.put(means[next]);
                }
            }
        }
        assertThat(next).isEqualTo(means.length);
        return all.array();
    }

    private static JsonNode used(String name) {
        for (JsonNode json : ReferenceFile.json("controlnets/cases.json")) {
            if (json.get("name").asText().equals(name)) {
                return json.get("controls").get(0);
            }
        }
        throw new AssertionError(name);
    }

    private static ControlNet net(String home, String name) {
        String folder = home.substring(home.lastIndexOf('/') + 1);
        return ModelFolder.open(
                        ReferenceFile.path(home),
                        Optional.empty(),
                        List.of(),
                        Optional.empty(),
                        AddOns.of(ControlNetFolders.open(List.of(ReferenceFile.path("controlnets/" + folder)))))
                .controlNets()
                .byName()
                .get(name);
    }

    private static List<Row> rows(String name) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            float[] states = half(name + "/call/states", i);
            Tensors inputs =
                    Tensors.of(Tensors.ENCODER_HIDDEN_STATES, HostTensor.of(states, TOKENS, states.length / TOKENS));
            if (TENSORS.has(name + "/call/time_ids")) {
                float[] embeds = half(name + "/call/text_embeds", i);
                inputs = inputs.with("text_embeds", HostTensor.of(embeds, embeds.length))
                        .with("time_ids", HostTensor.of(half(name + "/call/time_ids", i), 6));
            }
            rows.add(new Row(half(name + "/call/sample", i), TENSORS.floats(name + "/call/timestep")[0], inputs));
        }
        return rows;
    }

    private static float[] half(String tensor, int index) {
        float[] both = TENSORS.floats(tensor);
        return Arrays.copyOfRange(both, index * both.length / 2, (index + 1) * both.length / 2);
    }
}
