package dev.weir.engine.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.ReferenceFile;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that do not fit a model, and what is said of them. */
class LoraFileTest {

    private static final AdaptedParts SD1 =
            ModelFolder.open(ReferenceFile.path("checkpoints/sd1")).adaptedParts();
    private static final String LAYER = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q";
    private static final String OTHER = "lora_unet_down_blocks_7_attentions_0_transformer_blocks_0_attn1_to_q";
    private static final String PEFTS_LAYER = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";
    private static final int WIDTH = 8;

    @TempDir
    Path folder;

    private final LoraDraft draft = new LoraDraft();

    private LoraFile.Opened open() {
        return LoraFile.open(draft.writer.write(folder.resolve("pixel.safetensors")), "pixel", SD1);
    }

    private void refused(String... words) {
        assertThatExceptionOfType(ModelException.class)
                .isThrownBy(this::open)
                .withMessageContaining("pixel.safetensors")
                .satisfies(problem -> assertThat(problem.getMessage()).contains(words));
    }

    @Test
    void aLayerIsChangedByTheProductOfItsFactorsAndItsAlpha() {
        draft.fitting(LAYER, 4);
        draft.floats(LAYER + ".alpha", 2);
        var lora = open().lora();
        assertThat(lora.layers("unet")).containsExactly("down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q");
        assertThat(lora.changes("text_encoder")).isFalse();
        var change = lora.read("unet").values().iterator().next();
        assertThat(change.rank()).isEqualTo(4);
        assertThat(change.down()).containsOnly(0.5f);
        assertThat(change.up()).containsOnly(1);
    }

    /** rsLoRA divides by the root of the rank. The file has ranks and alphas by pattern. */
    @Test
    void scalesOfPeftsMetadataAreThoseOfDiffusers() {
        var lora = LoraFile.open(ReferenceFile.path("lora/rslora.safetensors"), "rslora", SD1)
                .lora();
        var expected = ReferenceFile.open("lora/rslora-changes.safetensors");
        for (var part : List.of("unet", "text_encoder")) {
            var changes = lora.read(part);
            assertThat(changes).isNotEmpty();
            changes.forEach((layer, change) -> {
                var product = new Matrix(change.rank(), change.out(), change.up())
                        .transposed()
                        .times(new Matrix(change.rank(), change.in(), change.down()));
                assertThat(product.values())
                        .as(layer)
                        .containsExactly(expected.floats(part + "/" + layer), within(1e-5f));
            });
        }
    }

    @Test
    void aScaleThatIsNotKnownIsRefused() {
        draft.writer.metadata("{\"lora_adapter_metadata\": \"{\\\"unet.use_rslora\\\": true}\"}");
        draft.fitting(LAYER, 4);
        refused(LAYER, "use_rslora without lora_alpha");
        draft.floats(LAYER + ".alpha", 2);
        refused(LAYER, "use_rslora beside a tensor for the alpha");
    }

    /** peft's own files have no alpha. It is in another file, which is named like the first one if that was renamed. */
    @Test
    void aFileOfPeftItselfTakesTheConfigurationBesideIt() throws IOException {
        pefts("base_model.model.");
        refused("adapter_config.json", "is not beside it as pixel.json");
        Files.writeString(folder.resolve("pixel.json"), "{\"preferred weight\": 1}");
        refused("pixel.json has no lora_alpha");
        Files.writeString(folder.resolve("pixel.json"), "{\"lora_alpha\": 2, \"alpha_pattern\": {\"(\": 2}}");
        refused("alpha_pattern has \"(\"");
        Files.writeString(folder.resolve("pixel.json"), "{\"lora_alpha\": 2, \"use_rslora\": false}");
        var plain = open().lora();
        assertThat(plain.read("unet").values().iterator().next().up()).containsOnly(1);
        Files.writeString(folder.resolve("pixel.json"), "{\"lora_alpha\": 2, \"use_rslora\": true}");
        var stabilized = open().lora();
        assertThat(stabilized.read("unet").values().iterator().next().up()).containsOnly(2);
        assertThat(stabilized.fingerprint()).as("the other file counts").isNotEqualTo(plain.fingerprint());
        Files.copy(folder.resolve("pixel.json"), folder.resolve("adapter_config.json"));
        var own = draft.writer.write(folder.resolve("adapter_model.safetensors"));
        assertThat(LoraFile.open(own, "adapter_model", SD1).lora().fingerprint())
                .isEqualTo(stabilized.fingerprint());
    }

    private void pefts(String prefix) {
        draft.floats(prefix + PEFTS_LAYER + ".lora_A.weight", 0.5f, 4, WIDTH);
        draft.floats(prefix + PEFTS_LAYER + ".lora_B.weight", 2, WIDTH, 4);
    }

    @Test
    void layersThatTheModelDoesNotHaveAreSaidWithThreeExamples() {
        draft.fitting(LAYER, 2);
        for (int i = 1; i < 6; i++) {
            draft.fitting(OTHER.replace("7", "7" + i), 2);
        }
        var opened = open();
        assertThat(opened.unknown()).hasSize(5);
        assertThat(opened.lora().warning())
                .contains("pixel has 5 layers that the model does not have", "blocks_71", "blocks_72", "blocks_73")
                .doesNotContain("blocks_74");
    }

    @Test
    void aFileForAnotherKindOfModelIsRefused() {
        draft.fitting(OTHER, 2);
        refused("made for another kind of model", "1 layer that the model does not have", OTHER);
    }

    @Test
    void aFileOfAnotherKindIsRefused() {
        draft.floats("model.weight", 1, 4, 4);
        refused("no LoRA", "model.weight");
    }

    @Test
    void aLayerOfAnotherWidthIsRefused() {
        draft.floats(LAYER + ".lora_down.weight", 1, 2, 3 * WIDTH);
        draft.floats(LAYER + ".lora_up.weight", 1, WIDTH, 2);
        refused(LAYER, "[2, 24]", "does not fit [8, 8]");
    }

    @Test
    void factorsOfDifferentRanksAreRefused() {
        draft.floats(LAYER + ".lora_down.weight", 1, 2, WIDTH);
        draft.floats(LAYER + ".lora_up.weight", 1, WIDTH, 3);
        refused(LAYER, "different ranks", "[2, 8]", "[8, 3]");
    }

    @Test
    void halfALayerIsRefused() {
        draft.floats(LAYER + ".lora_down.weight", 1, 2, WIDTH);
        refused(LAYER, "has no up");
    }

    @Test
    void doraIsRefusedByName() {
        draft.fitting(LAYER, 2);
        draft.floats(LAYER + ".dora_scale", 1, WIDTH, 1);
        refused(LAYER, "DoRA");
    }

    @Test
    void otherKindsAreRefusedByName() {
        draft.floats(LAYER + ".diff", 1, WIDTH, WIDTH);
        refused(LAYER, "diff", "a kind that Weir does not run");
    }

    /** What would be left out silently otherwise. */
    @Test
    void aBiasOfPeftBesideTheFactorsIsRefusedByName() {
        pefts("unet.");
        draft.floats("unet." + PEFTS_LAYER + ".lora_B.bias", 1, WIDTH);
        refused(PEFTS_LAYER, "lora_bias beside its factors");
    }

    @Test
    void aBiasOfLycorisBesideTheFactorsIsRefusedByName() {
        draft.fitting(LAYER, 2);
        draft.floats(LAYER + ".diff_b", 1, WIDTH);
        refused(LAYER, "diff_b beside its factors");
    }

    /** peft subtracts the first product from the base model's weights, so the file does not fit the model as it was. */
    @ParameterizedTest
    @ValueSource(strings = {"pissa", "pissa_niter_4", "olora", "corda", "loftq", "OLoRA"})
    void anInitialisationThatChangesTheBaseModelIsRefusedByName(String init) {
        draft.writer.metadata(
                "{\"lora_adapter_metadata\": \"{\\\"unet.init_lora_weights\\\": \\\"%s\\\"}\"}".formatted(init));
        draft.fitting(LAYER, 2);
        refused("init_lora_weights \"%s\"".formatted(init), "changes the weights of the base model");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gaussian", "eva", "orthogonal"})
    void otherInitialisationsAreRead(String init) {
        draft.writer.metadata(
                "{\"lora_adapter_metadata\": \"{\\\"unet.init_lora_weights\\\": \\\"%s\\\"}\"}".formatted(init));
        draft.fitting(LAYER, 2);
        assertThat(open().lora().changes("unet")).isTrue();
    }

    @Test
    void aTruncatedFileIsRefused() throws IOException {
        draft.fitting(LAYER, 2);
        var whole = Files.readAllBytes(draft.writer.write(folder.resolve("pixel.safetensors")));
        Files.write(folder.resolve("pixel.safetensors"), Arrays.copyOf(whole, whole.length - 5));
        assertThatExceptionOfType(ModelException.class)
                .isThrownBy(() -> LoraFile.open(folder.resolve("pixel.safetensors"), "pixel", SD1))
                .withMessageContaining("pixel.safetensors");
    }

    @Test
    void anAlphaThatIsNotOneNumberIsRefused() {
        draft.fitting(LAYER, 2);
        draft.floats(LAYER + ".alpha", 1, 0);
        refused(LAYER, "alpha of [0]", "one number");
    }

    /** More numbers than an array holds; the file is sparse. */
    @Test
    void aTensorThatIsTooLargeIsRefusedByItsSize() throws IOException {
        long numbers = (long) WIDTH << 28;
        var path = folder.resolve("pixel.safetensors");
        var header = ("{\"%1$s.lora_down.weight\":{\"dtype\":\"U8\",\"shape\":[%2$d,8],\"data_offsets\":[0,%3$d]},"
                        + "\"%1$s.lora_up.weight\":{\"dtype\":\"U8\",\"shape\":[8,2],\"data_offsets\":[%3$d,%4$d]}}")
                .formatted(LAYER, numbers / 8, numbers, numbers + 16);
        var start = ByteBuffer.allocate(8 + header.length()).order(ByteOrder.LITTLE_ENDIAN);
        start.putLong(header.length()).put(header.getBytes(StandardCharsets.US_ASCII));
        try (var file = new RandomAccessFile(path.toFile(), "rw")) {
            file.write(start.array());
            file.setLength(start.capacity() + numbers + 16);
        }
        assertThatExceptionOfType(ModelException.class)
                .isThrownBy(() -> LoraFile.open(path, "pixel", SD1))
                .withMessageContaining("pixel.safetensors")
                .withMessageContaining(LAYER)
                .withMessageContaining("too large")
                .withMessageNotContaining("changed");
    }

    @Test
    void numbersThatAreNotFiniteAreRefusedWhenTheyAreRead() {
        draft.floats(LAYER + ".lora_down.weight", Float.NaN, 2, WIDTH);
        draft.floats(LAYER + ".lora_up.weight", 1, WIDTH, 2);
        var lora = open().lora();
        assertThatExceptionOfType(ModelException.class)
                .isThrownBy(() -> lora.read("unet"))
                .withMessageContaining("pixel.safetensors")
                .withMessageContaining("not finite");
    }

    @Test
    void aFileThatWasReplacedIsNotRead() throws IOException {
        draft.fitting(LAYER, 2);
        var lora = open().lora();
        Files.write(folder.resolve("pixel.safetensors"), new byte[9000]);
        assertThatExceptionOfType(ModelException.class)
                .isThrownBy(() -> lora.read("unet"))
                .withMessageContaining("the file changed after it was opened");
    }

    @Test
    void anotherFileOfTheNameHasAnotherFingerprint() {
        draft.fitting(LAYER, 2);
        var first = open().lora();
        var again = open().lora();
        draft.floats(LAYER + ".alpha", 1);
        var second = open().lora();
        assertThat(first.fingerprint()).hasSize(16).isNotEqualTo(second.fingerprint());
        assertThat(first)
                .isNotEqualTo(second)
                .isNotSameAs(again)
                .isEqualTo(again)
                .hasSameHashCodeAs(again);
    }
}
