package dev.weir.engine.network;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ModelException;
import dev.weir.engine.weights.TensorInfo;
import dev.weir.engine.weights.WeightType;
import dev.weir.engine.weights.Weights;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a component is refused for, before anything of it is loaded. */
class RefusedCheckpointTest {

    private static final Fixture SD1 = Fixture.of("sd1");

    private final Tampered weights = new Tampered(SD1.weights("unet"));

    @ParameterizedTest
    @CsvSource({
        "sd1,text_encoder",
        "sd1,unet",
        "sd1,vae",
        "sd2,text_encoder",
        "sd2,unet",
        "sd2,vae",
        "default,text_encoder",
        "default,unet",
        "default,vae",
        "default/upsampler,unet",
        "variants,unet-sharded",
        "variants,vae-old-names"
    })
    void sound(String checkpoint, String component) {
        var fixture = Fixture.of(checkpoint);
        assertThatCode(() -> Networks.check(fixture.config(component), fixture.weights(component)))
                .doesNotThrowAnyException();
    }

    @Test
    void missingSpareAndMisshapenWeightsAreReportedTogether() {
        weights.infos.remove("conv_in.bias");
        weights.put("down_blocks.0.surprise", 3);
        weights.put("conv_out.bias", 5);
        assertThatThrownBy(() -> Networks.check(SD1.config("unet"), weights))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith("UNet2DConditionModel: ")
                .hasMessageContaining("conv_in.bias is missing")
                .hasMessageContaining("conv_out.bias is [5] in odd.safetensors, not [4]")
                .hasMessageContaining("down_blocks.0.surprise in odd.safetensors is no weight of this network");
    }

    @Test
    void ofManyProblemsTheFirstTenAreNamed() {
        weights.infos.clear();
        assertThatThrownBy(() -> Networks.check(SD1.config("unet"), weights))
                .isInstanceOf(ModelException.class)
                .hasMessageMatching("UNet2DConditionModel: ([^;]+ is missing; ){10}and \\d+ more");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "unet|act_fn|'\"tanh\"'",
                "unet|time_embedding_act_fn|'\"tanh\"'",
                "unet|addition_embed_type|'\"sound\"'",
                "unet|attention_type|'\"gated\"'",
                "unet|encoder_hid_dim_type|'\"ip_image_proj\"'",
                "unet|num_attention_heads|8",
                "unet|class_embed_type|'\"sound\"'",
                "unet|class_embeddings_concat|true",
                "unet|cross_attention_norm|'\"rms_norm\"'",
                "unet|time_embedding_type|'\"learned\"'",
                "unet|resnet_time_scale_shift|'\"ada_group\"'",
                "unet|mid_block_type|'\"UNetMidBlock3D\"'",
                "unet|down_block_types|'[\"AttnDownBlock2D\"]'",
                "unet|down_block_types|'[\"KDownBlock2D\",\"DownBlock2D\",\"DownBlock2D\"]'",
                "unet|up_block_types|'[\"KUpBlock2D\",\"KUpBlock2D\",\"KUpBlock2D\"]'",
                "unet|up_block_types|'[\"SkipUpBlock2D\",\"UpBlock2D\",\"UpBlock2D\"]'",
                "unet|transformer_layers_per_block|'[1,2]'",
                "unet|transformer_layers_per_block|'[[1,2],[],[1,1]]'",
                "unet|cross_attention_dim|'[32,16,32]'",
                "unet|sample_size|'[8,12,8]'",
                "unet|norm_num_groups|null",
                "unet|layers_per_block|'[1]'",
                "unet|norm_num_groups|'\"many\"'",
                "vae|latents_mean|'[0.5]'",
                "vae|down_block_types|'[\"DownBlock2D\"]'",
                "text_encoder|hidden_act|'\"relu\"'"
            })
    void unsupportedOptionsAreNamedWithTheirValue(String component, String key, String value) throws Exception {
        var json = new ObjectMapper().readTree(value);
        assertThatThrownBy(() -> Networks.check(with(component, key, json), SD1.weights(component)))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(key + " = " + json);
    }

    @ParameterizedTest
    @CsvSource({"norm_num_groups,3", "attention_head_dim,3"})
    void partsThatDoNotDivideChannelsAreNamed(String key, int parts) {
        var config = with("unet", key, IntNode.valueOf(parts));
        assertThatThrownBy(() -> Networks.check(config, weights))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("cannot part 8 channels in " + parts);
    }

    @Test
    void picturesOfTwoWidthsAndHintsWithoutASampleAreRefused() {
        ObjectNode config = SD1.config("unet").deepCopy();
        config.put("encoder_hid_dim", 9)
                .put("encoder_hid_dim_type", "image_proj")
                .put("addition_embed_type", "text_image");
        assertThatThrownBy(() -> Networks.requireKnown(config)).hasMessageContaining("encoder_hid_dim = 9");
        config.put("addition_embed_type", "image_hint");
        assertThatThrownBy(() -> Networks.requireKnown(config)).hasMessageContaining("in_channels = 4");
    }

    @Test
    void anUnknownNetworkIsNamed() {
        var config = with(
                "unet", "_class_name", new ObjectMapper().createObjectNode().textNode("Flux"));
        assertThatThrownBy(() -> Networks.check(config, weights)).hasMessageStartingWith("Flux is not a network");
    }

    private static JsonNode with(String component, String key, JsonNode value) {
        ObjectNode config = SD1.config(component).deepCopy();
        return config.set(key, value);
    }

    /** Weights of a sound checkpoint with a few changed. */
    private static final class Tampered implements Weights {

        private final Map<String, TensorInfo> infos = new HashMap<>();

        Tampered(Weights sound) {
            sound.names().forEach(name -> infos.put(name, sound.info(name)));
        }

        void put(String name, long... shape) {
            infos.put(name, new TensorInfo(name, WeightType.F32, shape, Path.of("odd.safetensors"), 8, 4));
        }

        @Override
        public Set<String> names() {
            return infos.keySet();
        }

        @Override
        public TensorInfo info(String name) {
            return infos.get(name);
        }

        @Override
        public void requireUnchanged() {
            // It is in memory.
        }

        @Override
        public void requireNotTruncated() {
            // It is in memory.
        }

        @Override
        public ByteBuffer bytes(String name) {
            throw new UnsupportedOperationException("a check reads no weights");
        }
    }
}
