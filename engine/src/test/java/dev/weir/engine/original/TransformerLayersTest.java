package dev.weir.engine.original;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.ModelFolder;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.original.TransformerLayers.Piece;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TransformerLayersTest {

    @Test
    void anOriginalLayerIsSeveralOfDiffusers() {
        TransformerLayers flux = TransformerLayers.ofFlux();

        assertThat(flux.original("transformer_blocks.12.attn.add_k_proj"))
                .contains(new Piece("double_blocks.12.txt_attn.qkv", 1, 2, 3, false));
        assertThat(flux.original("single_transformer_blocks.37.proj_mlp"))
                .contains(new Piece("single_blocks.37.linear1", 3, 7, 7, false));
        assertThat(flux.original("norm_out.linear"))
                .contains(new Piece("final_layer.adaLN_modulation.1", 0, 1, 1, true));
        assertThat(flux.own("single_blocks.3.linear1"))
                .containsExactly(
                        "single_transformer_blocks.3.attn.to_q",
                        "single_transformer_blocks.3.attn.to_k",
                        "single_transformer_blocks.3.attn.to_v",
                        "single_transformer_blocks.3.proj_mlp");
        assertThat(flux.own("joint_blocks.3.x_block.attn.qkv")).isEmpty();
    }

    @Test
    void theLastBlockOfStableDiffusion3HasItsScaleFirst() {
        TransformerLayers sd3 = TransformerLayers.ofSd3(24);

        assertThat(sd3.original("transformer_blocks.23.norm1_context.linear"))
                .contains(new Piece("joint_blocks.23.context_block.adaLN_modulation.1", 0, 1, 1, true));
        assertThat(sd3.original("transformer_blocks.22.norm1_context.linear"))
                .contains(new Piece("joint_blocks.22.context_block.adaLN_modulation.1", 0, 1, 1, false));
    }

    /** Most layers of Z-Image have one name in both. */
    @Test
    void theAttentionOfZImageIsOneLayerInTheOriginalRepository() {
        TransformerLayers names = TransformerLayers.ofZImage();

        assertThat(names.original("noise_refiner.1.attention.to_k"))
                .contains(new Piece("noise_refiner.1.attention.qkv", 1, 2, 3, false));
        assertThat(names.original("layers.29.attention.to_out.0"))
                .contains(new Piece("layers.29.attention.out", 0, 1, 1, false));
        assertThat(names.original("layers.29.feed_forward.w1")).isEmpty();
        assertThat(names.own("context_refiner.0.attention.qkv"))
                .containsExactly(
                        "context_refiner.0.attention.to_q",
                        "context_refiner.0.attention.to_k",
                        "context_refiner.0.attention.to_v");
        assertThat(names.own("x_embedder")).containsExactly("all_x_embedder.2-1");
        assertThat(names.isUnread("norm_final.weight")).isTrue();
        assertThat(TransformerLayers.ofFlux().isUnread("norm_final.weight")).isFalse();
    }

    /** Of tiny models with every kind of block. */
    @ParameterizedTest
    @ValueSource(strings = {"flux/dev", "flux/schnell", "sd3/sd3", "sd3/sd35"})
    void eachLayerOfANetworkHasAnOriginalName(String folder) {
        Set<String> layers = ModelFolder.open(ReferenceFile.path(folder))
                .adaptedParts()
                .shapes()
                .get("transformer")
                .keySet();
        TransformerLayers names = TransformerLayers.of(layers).get(0);

        Set<String> without = new TreeSet<>(layers);
        without.removeIf(layer -> names.original(layer)
                .filter(piece -> names.own(piece.layer()).contains(layer))
                .isPresent());
        assertThat(layers).hasSizeGreaterThan(20);
        assertThat(without).isEmpty();
    }
}
