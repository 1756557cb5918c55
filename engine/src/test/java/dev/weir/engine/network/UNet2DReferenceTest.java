package dev.weir.engine.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Denoiser.Row;
import dev.weir.engine.HostTensor;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelException;
import dev.weir.engine.Tensors;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every kind of {@code UNet2DModel} on every engine against what diffusers recorded. */
class UNet2DReferenceTest {

    private static final double TOLERANCE = 1e-4;
    private static final double BF16_FRACTION = 0.05;
    private static final List<String> SIZES = List.of("8x8", "4x12");
    private static final List<String> NAMES = List.of("ddpm", "adm", "learned", "ncsnpp", "mixed", "plain");

    private static Fixture fixture(String name) {
        return new Fixture(Path.of("src/test/resources/reference/unet2d", name));
    }

    static List<Object[]> networks() {
        var cases = new ArrayList<Object[]>();
        for (var name : NAMES) {
            for (var engine : Engine.values()) {
                cases.add(new Object[] {name, engine});
            }
        }
        return cases;
    }

    @ParameterizedTest
    @MethodSource("networks")
    void predictionsAreTheReferences(String name, Engine engine) {
        var fixture = fixture(name);
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        try (var unet = Networks.denoiser(fixture.config(""), fixture.weights(""), target)) {
            for (var size : SIZES) {
                var rows = rows(fixture, size);
                var together = unet.predict(shape(fixture, size), rows);
                for (int i = 0; i < rows.size(); i++) {
                    var expected = fixture.row(size + "/alone", i);
                    var alone = unet.predict(shape(fixture, size), List.of(rows.get(i)));
                    Fixture.assertClose(alone.get(0), expected, TOLERANCE);
                    Fixture.assertClose(together.get(i), expected, TOLERANCE);
                    if (engine == Engine.ONNX) { // the same bytes, whatever shares a forward
                        assertThat(together.get(i)).isEqualTo(alone.get(0));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ddpm", "adm", "learned", "ncsnpp", "mixed", "plain"})
    void predictionsInBf16AreNear(String name) {
        var fixture = fixture(name);
        var target = new ComputeTarget("cpu", Precision.BF16);
        try (var unet = Networks.denoiser(fixture.config(""), fixture.weights(""), target)) {
            var together = unet.predict(shape(fixture, "8x8"), rows(fixture, "8x8"));
            for (int i = 0; i < together.size(); i++) {
                Fixture.assertRelative(together.get(i), fixture.row("8x8/alone", i), BF16_FRACTION);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ddpm|class_embed_type|\"projection\"",
                "ddpm|time_embedding_type|\"sinusoid\"",
                "ddpm|down_block_types|[\"CrossAttnDownBlock2D\", \"DownBlock2D\"]",
                "ddpm|down_block_types|[\"KDownBlock2D\", \"KDownBlock2D\"]",
                "ddpm|mid_block_type|\"UNetMidBlock2DCrossAttn\"",
                "ddpm|downsample_type|\"fir\"",
                "ddpm|upsample_type|\"fir\"",
                "ddpm|norm_num_groups|null",
                "ddpm|resnet_time_scale_shift|\"spatial\"",
                "ddpm|act_fn|\"elu\"",
                "ddpm|encoder_hid_dim|8",
                "mixed|down_block_types|[\"DownBlock2D\", \"SkipDownBlock2D\", \"DownBlock2D\"]",
                "mixed|up_block_types|[\"SkipUpBlock2D\", \"UpBlock2D\", \"UpBlock2D\"]",
            })
    void whatIsNotSupportedIsNamed(String name, String key, String value) throws Exception {
        var fixture = fixture(name);
        ObjectNode config = fixture.config("").deepCopy();
        config.set(key, new ObjectMapper().readTree(value));
        assertThatThrownBy(() -> Networks.check(config, fixture.weights("")))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith("UNet2DModel: option " + key + " = ");
    }

    private static LatentShape shape(Fixture fixture, String size) {
        var shape = fixture.shape(size + "/sample");
        return new LatentShape(shape[1], shape[2], shape[3]);
    }

    private static List<Row> rows(Fixture fixture, String size) {
        var timesteps = fixture.floats("timesteps");
        var rows = new ArrayList<Row>();
        for (int i = 0; i < timesteps.length; i++) {
            rows.add(new Row(fixture.row(size + "/sample", i), timesteps[i], inputs(fixture, i)));
        }
        return rows;
    }

    private static Tensors inputs(Fixture fixture, int row) {
        if (!fixture.has("class_labels")) {
            return Tensors.NONE;
        }
        var shape = fixture.shape("class_labels");
        var label = shape.length == 1
                ? HostTensor.number(fixture.longs("class_labels")[row])
                : HostTensor.of(fixture.row("class_labels", row), shape[1]);
        return Tensors.of(Tensors.CLASS_LABELS, label);
    }
}
