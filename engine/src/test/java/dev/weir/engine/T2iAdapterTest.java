package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.adapter.IpAdapterFolders;
import dev.weir.engine.adapter.Lora;
import dev.weir.engine.adapter.LoraFolders;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.control.Control;
import dev.weir.engine.control.ControlNetFolders;
import dev.weir.engine.control.ControlPicture;
import dev.weir.engine.image.PictureReader;
import dev.weir.engine.image.Preprocessor;
import dev.weir.engine.inversion.EmbeddingFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Rows that different T2I-Adapters, several, ControlNets and none steer in one forward, beside what diffusers makes of each alone. */
class T2iAdapterTest {

    private static final SteeredRun RUN = SteeredRun.of("t2i_adapters");

    private static ModelFolder model(String home, String... folders) {
        return ModelFolder.open(
                ReferenceFile.path(home),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                new AddOns(
                        LoraFolders.open(List.of(ReferenceFile.path("lora"))),
                        ControlNetFolders.open(List.of(folders).stream()
                                .map(ReferenceFile::path)
                                .toList()),
                        EmbeddingFolders.NONE,
                        IpAdapterFolders.NONE));
    }

    private static List<JsonNode> cases(String model, int width) {
        return ReferenceCases.of("t2i_adapters/cases.json")
                .filter(json -> json.get("model").asText().equals(model)
                        && json.get("width").asInt() == width)
                .toList();
    }

    @ParameterizedTest
    @CsvSource({"TORCH,sd1,64", "TORCH,sdxl,64", "ONNX,sd1,64", "ONNX,sd1,72", "ONNX,sd2,64", "ONNX,sdxl,64"})
    void theRowsAndPicturesOfAMixedRunAreThoseOfTheReference(Engine engine, String name, int width) throws IOException {
        String home = name.equals("sdxl") ? name : "checkpoints/" + name;
        RUN.require(engine, model(home, "t2i_adapters/" + name), cases(name, width));
    }

    @ParameterizedTest
    @EnumSource(Engine.class)
    void rowsOfAnAdapterAControlNetALoraAndNoneShareAForward(Engine engine) {
        ModelFolder model = model("checkpoints/sd1", "t2i_adapters/sd1", "controlnets/sd1");
        JsonNode text = cases("sd1", 64).get(0);
        JsonNode edges = ReferenceCases.of("controlnets/cases.json").findFirst().orElseThrow();
        Control adapter = SteeredRun.controls(model, text).get(0);
        Control net = SteeredRun.controls(model, edges).get(0);
        assertThat(List.of(adapter.net().isT2iAdapter(), net.net().isT2iAdapter()))
                .containsExactly(true, false);
        Lora lora = model.loras().byName().get("peft");
        List<WeightedLora> changing = List.of(new WeightedLora(lora, 1));
        LatentShape shape = new LatentShape(4, 12, 16);
        List<Denoiser.Row> rows = List.of(
                row(List.of(), List.of()),
                row(List.of(), List.of(adapter)),
                row(List.of(), List.of(net, adapter)),
                row(changing, List.of(adapter)),
                row(List.of(), List.of(net)));
        try (Denoiser network = model.denoiser(new ComputeTarget("cpu", Precision.FP32, engine))) {
            List<float[]> alone = new ArrayList<>();
            for (Denoiser.Row row : engine == Engine.ONNX ? rows.subList(0, 3) : List.<Denoiser.Row>of()) {
                alone.add(network.predict(shape, List.of(row)).get(0));
            }
            network.expect(List.of(lora));
            network.load(changing, List.of(lora));
            List<float[]> together = network.predict(shape, rows);

            requireClose(together.get(0), half("plain/output"), "plain");
            requireClose(together.get(1), half("text/call/output"), "adapter");
            requireClose(together.get(2), half("both/output"), "both");
            requireClose(together.get(3), half("lora/output"), "a LoRA too");
            for (int i = 0; i < alone.size(); i++) {
                assertThat(together.get(i)).as("row " + i).isEqualTo(alone.get(i));
            }
        }
    }

    private static Denoiser.Row row(List<WeightedLora> changing, List<Control> steering) {
        float[] states = half("text/call/states");
        return new Denoiser.Row(
                half("text/call/sample"),
                RUN.tensors().floats("text/call/timestep")[0],
                Tensors.of(Tensors.ENCODER_HIDDEN_STATES, HostTensor.of(states, 77, states.length / 77)),
                changing,
                steering);
    }

    /** The network's levels round odd sides up, and so does the adapter. */
    @Test
    void anAdapterSteersSizesThatItsSquaresDoNotDivide() throws IOException {
        ModelFolder model = model("sdxl", "t2i_adapters/sdxl");
        byte[] photo = Files.readAllBytes(ReferenceFile.path("images/photo.png"));
        ControlPicture picture =
                ControlPicture.of(PictureReader.read(photo, PictureReader.Limits.DEFAULT), 60, 44, Preprocessor.NONE);
        var control = new Control(model.controlNets().byName().get("xl-full"), picture, 1, 0, 1, false);
        LatentShape shape = new LatentShape(4, 11, 15);
        float[] states = half("xl/call/states");
        float[] embeds = half("xl/call/text_embeds");
        Tensors inputs = Tensors.of(Tensors.ENCODER_HIDDEN_STATES, HostTensor.of(states, 77, states.length / 77))
                .with("text_embeds", HostTensor.of(embeds, embeds.length))
                .with("time_ids", HostTensor.of(half("xl/call/time_ids"), 6));
        float[] sample = Arrays.copyOf(half("xl/call/sample"), shape.size());
        try (Denoiser network = model.denoiser(new ComputeTarget("cpu", Precision.FP32, Engine.ONNX))) {
            List<float[]> results = network.predict(
                    shape,
                    List.of(
                            new Denoiser.Row(sample, 500, inputs, List.of(), List.of(control)),
                            new Denoiser.Row(sample, 500, inputs)));
            assertThat(results).allMatch(Finite::all);
            assertThat(results.get(0)).hasSize(shape.size()).isNotEqualTo(results.get(1));
        }
    }

    /** The first of two rows. */
    private static float[] half(String tensor) {
        float[] both = RUN.tensors().floats(tensor);
        return Arrays.copyOf(both, both.length / 2);
    }

    /** diffusers makes {@code int(steps * factor)} steps with the adapter. */
    @Test
    void theEndIsRoundedAsTheFactorOfDiffusers() {
        ModelFolder model = model("checkpoints/sd1", "t2i_adapters/sd1", "controlnets/sd1");
        Control adapter = ending(model, "full", 0.29);
        Control net = ending(model, "edges", 0.29);

        assertThat(adapter.steers(27, 100, false)).isTrue();
        assertThat(adapter.steers(28, 100, false)).isFalse();
        assertThat(net.steers(28, 100, false)).isTrue();
        assertThat(ending(model, "full", 0).steers(0, 100, true)).isFalse();
        assertThat(ending(model, "full", 1).steers(99, 100, true)).isTrue();
    }

    private static Control ending(ModelFolder model, String name, double end) {
        return new Control(model.controlNets().byName().get(name), new ControlPicture(null), 1, 0, end, false);
    }
}
