package dev.weir.engine.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.ReferenceFile;
import dev.weir.engine.weights.SafetensorsWriter;
import dev.weir.engine.weights.WeightType;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is said of a LoRA file without a model: whether any model could run it. */
class LoraReportTest {

    @TempDir
    Path folder;

    /** @param tensors such as {@code a.lora_up.weight:8x2}, separated by blanks */
    private LoraReport report(String tensors) {
        var writer = new SafetensorsWriter();
        for (var tensor : tensors.split(" +")) {
            var parts = tensor.split(":");
            long[] shape = Arrays.stream(parts[1].split("x"))
                    .mapToLong(Long::parseLong)
                    .toArray();
            int size = (int) Arrays.stream(shape).reduce(1, Math::multiplyExact);
            writer.tensor(parts[0], WeightType.F32, new byte[4 * size], shape);
        }
        return LoraReport.of(writer.write(folder.resolve("style.safetensors"))).orElseThrow();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a.lora_down.weight:0 | the layer a has no up beside its down",
                "a.lora_up.weight:8x2 | the layer a has no down beside its up",
                "a.lora_down.weight:0x8 a.lora_up.weight:8x0 | the layer a has a tensor up of [8, 0]",
                "a.lora_down.weight:2 a.lora_up.weight:8x2 | the layer a has a tensor down of [2]",
                "a.lora_down.weight:2x8 a.lora_up.weight:16 | the layer a has a tensor up of [16]",
                "a.lora_down.weight:2x8 a.lora_up.weight:8x3 | the layer a has factors of different ranks: [2, 8] and [8, 3]",
                "a.lora_down.weight:2x8 a.lora_up.weight:8x4 a.lora_mid.weight:3x2x3x3 | the layer a has factors of different ranks: [2, 8] and [8, 4]",
                "a.lora_down.weight:2x8 a.lora_up.weight:8x2 a.alpha:2 | the layer a has a tensor alpha of [2], which does not fit one number",
                "a.hada_w1_a:8x2 a.hada_w1_b:2x8 a.hada_w2_a:8x2 | the layer a has no hada_w2_b beside its hada_w1_a, hada_w1_b, hada_w2_a",
                "a.hada_w1_b:2x8 a.hada_w2_a:8x2 a.hada_w2_b:2x8 | the layer a has no hada_w1_a beside its hada_w1_b, hada_w2_a, hada_w2_b",
                "a.hada_w1_a:8x2 a.hada_w1_b:2x8 a.hada_w2_a:8x3 a.hada_w2_b:2x8 | the layer a has a tensor hada_w2_a of [8, 3]",
                "a.lokr_w1:2x2 | the layer a has no lokr_w2_b beside its lokr_w1",
                "a.lokr_w1:2x2 a.lokr_w2_b:2x4 | the layer a has no lokr_w2_a beside its lokr_w1, lokr_w2_b",
                "a.lokr_w1:2x2 a.lokr_w2_a:3x1 a.lokr_w2_b:2x4 | the layer a has a tensor lokr_w2_a of [3, 1]",
                "a.lokr_w1:2x2 a.lokr_w2_a:4x2 a.lokr_w2_b:2x4 a.lokr_t2:1x2x3x3 | the layer a has a tensor lokr_t2 of [1, 2, 3, 3]",
            })
    void aLayerThatNoModelCanHaveIsAProblem(String tensors, String problem) {
        assertThat(report(tensors).problem()).get().asString().startsWith(problem);
    }

    @Test
    void theNumberOfBrokenLayersIsSaid() {
        assertThat(report("a.lora_down.weight:2x8 b.lora_down.weight:2x8 c.lora_down.weight:2x8 c.lora_up.weight:8x2")
                        .problem())
                .contains("the layer a has no up beside its down. It is the first of 2 layers like this");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a.lora_down.weight:2x8x3x3 a.lora_up.weight:8x2x1x1 a.alpha:1",
                "a.lora_down.weight:2x8x1x1 a.lora_up.weight:8x3x1x1 a.lora_mid.weight:3x2x3x3",
                "a.hada_w1_a:2x8 a.hada_w1_b:2x8 a.hada_t1:2x2x3x3 a.hada_w2_a:2x8 a.hada_w2_b:2x8 a.hada_t2:2x2x3x3",
                "a.lokr_w1:2x2 a.lokr_w2_a:2x4 a.lokr_w2_b:2x4 a.lokr_t2:2x2x3x3",
                "a.lokr_w1_a:2x1 a.lokr_w1_b:1x2 a.lokr_w2:4x4x3x3",
            })
    void aLayerThatAModelMayHaveIsNone(String tensors) {
        assertThat(report(tensors).problem()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "lora_unet_double_blocks_0_img_attn_proj | kohya | transformer",
                "double_blocks.0.processor.qkv_lora1 | XLabs | transformer",
                "single_blocks.0.processor.qkv_lora | XLabs | transformer",
                "diffusion_model.joint_blocks.0.x_block.attn.qkv | ComfyUI | transformer",
                "single_blocks.0.linear1 | the original repository | transformer",
                "transformer.single_transformer_blocks.0.attn.to_q | diffusers | transformer",
                "text_encoders.clip_l.transformer.text_model.encoder.layers.0.mlp.fc1 | ComfyUI | text_encoder",
                "text_encoders.clip_g.transformer.text_model.encoder.layers.0.mlp.fc1 | ComfyUI | text_encoder_2",
                "text_encoders.t5xxl.transformer.encoder.block.0.layer.0.SelfAttention.q | ComfyUI | T5",
                "text_encoders.qwen3_4b.transformer.model.layers.0.self_attn.q_proj | ComfyUI | text_encoder",
                "lora_te3_encoder_block_0_layer_0_SelfAttention_q | kohya | T5",
                "lora_te2_encoder_block_0_layer_0_SelfAttention_q | kohya | T5",
                "text_encoder_3.encoder.block.0.layer.0.SelfAttention.q | diffusers | text_encoder_3",
                "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q | kohya | unet",
                "diffusion_model.layers.0.attention.to_q | ai-toolkit | transformer",
                "diffusion_model.layers.0.attention.qkv | ComfyUI | transformer",
                "diffusion_model.noise_refiner.1.feed_forward.w1 | ComfyUI | transformer",
                "lora_unet_layers_0_attention_qkv | kohya | transformer",
                "lora_unet_context_refiner_0_adaLN_modulation_0 | kohya | transformer",
                "layers.0.attention.out | the original repository | transformer",
                "transformer.layers.0.attention.to_q | diffusers | transformer",
                "text_encoder.layers.0.attention.q | diffusers | text_encoder",
                "diffusion_model.single_transformer_blocks.0.attn.to_q | ai-toolkit | transformer",
                "diffusion_model.input_blocks.1.1.proj_in | Stability AI | unet",
            })
    void namingAndNetworkAreToldByALayer(String layer, String naming, String network) {
        String side = layer + (naming.equals("XLabs") ? "." : ".lora_");
        var report = report("%1$sdown.weight:2x8 %1$sup.weight:8x2".formatted(side));
        assertThat(report.namings()).containsExactly(naming);
        assertThat(report.networks()).extracting(LoraReport.Network::name).containsExactly(network);
    }

    @ParameterizedTest
    @ValueSource(strings = {"kohya", "peft", "sgm", "loha", "lokr", "mid", "xl-peft", "rslora"})
    void filesThatRunHaveNoProblem(String name) {
        assertThat(LoraReport.of(ReferenceFile.path("lora/" + name + ".safetensors"))
                        .orElseThrow()
                        .problem())
                .isEmpty();
    }
}
