package dev.weir.engine.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.ReferenceFile;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which layers of a model a LoRA's names are, and what becomes of names that say the same twice. */
class LoraNamesTest {

    private static final String LAYER = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q";
    private static final String PEFTS_LAYER = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";

    @TempDir
    Path folder;

    private final LoraDraft draft = new LoraDraft();

    private LoraFile.Opened openForSd3() {
        return openFor("sd3/sd3");
    }

    private LoraFile.Opened openFor(String model) {
        var parts = ModelFolder.open(ReferenceFile.path(model)).adaptedParts();
        return LoraFile.open(draft.writer.write(folder.resolve("pixel.safetensors")), "pixel", parts);
    }

    /** The name is both the original repository's and diffusers', so it does not say which of them the file has. */
    @ParameterizedTest
    @ValueSource(strings = {"lora_unet_context_embedder", "diffusion_model.context_embedder", "context_embedder"})
    void aNameOfBothNamingsLeavesOutNoOther(String shared) {
        draft.rankOne(shared, 24, 12);
        draft.rankOne("lora_unet_joint_blocks_0_x_block_attn_qkv", 12, 36);
        var original = openForSd3();
        assertThat(original.lora().layers("transformer"))
                .containsExactlyInAnyOrder(
                        "context_embedder",
                        "transformer_blocks.0.attn.to_q",
                        "transformer_blocks.0.attn.to_k",
                        "transformer_blocks.0.attn.to_v");
        assertThat(original.lora().warning()).isEmpty();
    }

    /** As diffusers does with Z-Image's. */
    @Test
    void originalNamesBesideThoseOfDiffusersForTheSameLayerAreLeftOutAndNamed() {
        draft.rankOne("lora_unet_context_embedder", 24, 12);
        draft.rankOne("transformer.transformer_blocks.0.attn.to_q", 12, 12);
        draft.rankOne("lora_unet_joint_blocks_0_x_block_attn_qkv", 12, 36);
        draft.rankOne("lora_unet_joint_blocks_7_x_block_attn_qkv", 12, 36);
        draft.rankOne("lora_unet_joint_blocks_1_x_block_attn_proj", 12, 12);
        var opened = openForSd3();
        assertThat(opened.lora().layers("transformer"))
                .containsExactlyInAnyOrder(
                        "context_embedder", "transformer_blocks.0.attn.to_q", "transformer_blocks.1.attn.to_out.0");
        assertThat(opened.lora().warning())
                .contains(
                        "1 layer that the model does not have, such as lora_unet_joint_blocks_7_x_block_attn_qkv",
                        "1 layer left out",
                        "lora_unet_joint_blocks_0_x_block_attn_qkv");
    }

    /** As diffusers does. */
    @Test
    void ofAUnetAllOriginalNamesBesideThoseOfDiffusersAreLeftOut() {
        String original = "lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_k";
        draft.fitting(original, 2);
        assertThat(openFor("checkpoints/sd1").lora().layers("unet"))
                .containsExactly(PEFTS_LAYER.replace("to_q", "to_k"));
        draft.fitting(LAYER, 2);
        assertThat(openFor("checkpoints/sd1").lora().layers("unet")).containsExactly(PEFTS_LAYER);
        assertThat(openFor("checkpoints/sd1").lora().warning()).contains("1 layer left out", original);
    }

    @ParameterizedTest
    @ValueSource(strings = {"joint_blocks.0.x_block.attn.qkv", "lora_unet_joint_blocks_0_x_block_attn_qkv"})
    void twoNamesOfOneLayerAreRefused(String other) {
        draft.rankOne("diffusion_model.joint_blocks.0.x_block.attn.qkv", 12, 36);
        draft.rankOne(other, 12, 36);
        assertThatExceptionOfType(ModelException.class)
                .isThrownBy(this::openForSd3)
                .withMessageContainingAll(
                        "pixel.safetensors", "diffusion_model.joint_blocks.0.x_block.attn.qkv", other, "attn.to_");
    }

    /** A name of both is no second one, and does not leave the others out. */
    @ParameterizedTest
    @ValueSource(strings = {"diffusion_model.", "lora_unet_"})
    void aFileOfZImageInOriginalNamesIsTakenAsAWhole(String prefix) {
        String dot = prefix.endsWith(".") ? "." : "_";
        draft.rankOne(prefix + "layers.0.attention.qkv".replace(".", dot), 16, 48);
        draft.rankOne(prefix + "layers.0.attention.out".replace(".", dot), 16, 16);
        draft.rankOne(prefix + "layers.0.feed_forward.w1".replace(".", dot), 16, 42);
        draft.rankOne(prefix + "x_embedder", 64, 16);
        var opened = openFor("z_image/model");
        assertThat(opened.lora().warning()).isEmpty();
        assertThat(opened.lora().layers("transformer"))
                .containsExactlyInAnyOrder(
                        "layers.0.attention.to_q",
                        "layers.0.attention.to_k",
                        "layers.0.attention.to_v",
                        "layers.0.attention.to_out.0",
                        "layers.0.feed_forward.w1",
                        "all_x_embedder.2-1");
    }

    @Test
    void aFusedLayerOfZImageOfAnotherWidthIsRefused() {
        draft.rankOne("diffusion_model.layers.0.attention.qkv", 16, 16);
        assertThatExceptionOfType(ModelException.class)
                .isThrownBy(() -> openFor("z_image/model"))
                .withMessageContainingAll("diffusion_model.layers.0.attention.qkv", "[16, 1]", "does not fit [48, 16]");
    }

    /** kohya calls T5 so in Stable Diffusion 3 and in Flux.1, and in some files of Flux.1 by its number. */
    @ParameterizedTest
    @CsvSource({
        "sd3/sd3, lora_te3_, text_encoder_3",
        "flux/dev, lora_te3_, text_encoder_2",
        "flux/dev, lora_te2_, text_encoder_2",
        "sd3/sd3, lora_te2_, ''",
        "flux/dev, lora_te1_, ''"
    })
    void kohyasNameOfT5IsTheSameInAllModels(String model, String prefix, String part) {
        var names = new LayerNames(ModelFolder.open(ReferenceFile.path(model)).adaptedParts());
        var layers = names.find(prefix + "encoder_block_0_layer_0_SelfAttention_q");
        assertThat(layers.stream().map(LayerNames.Layer::part).toList())
                .isEqualTo(part.isEmpty() ? List.of() : List.of(part));
    }

    @ParameterizedTest
    @CsvSource({
        "sd3/sd3, clip_l.transformer.text_model.encoder.layers.0.self_attn.q_proj, text_encoder",
        "sd3/sd3, clip_g.transformer.text_model.encoder.layers.0.self_attn.q_proj, text_encoder_2",
        "sd3/sd3, t5xxl.transformer.encoder.block.0.layer.0.SelfAttention.q, text_encoder_3",
        "flux/dev, clip_l.transformer.text_model.encoder.layers.0.mlp.fc1, text_encoder",
        "flux/dev, t5xxl.transformer.encoder.block.0.layer.0.SelfAttention.q, text_encoder_2",
        "z_image/model, qwen3_4b.transformer.model.layers.0.self_attn.q_proj, text_encoder"
    })
    void textEncodersAreFoundByTheNamesOfComfyUi(String model, String name, String part) {
        var names = new LayerNames(ModelFolder.open(ReferenceFile.path(model)).adaptedParts());
        assertThat(names.find("text_encoders." + name))
                .extracting(LayerNames.Layer::part)
                .containsExactly(part);
    }
}
