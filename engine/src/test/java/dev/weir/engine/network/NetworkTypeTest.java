package dev.weir.engine.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.ModelException;
import dev.weir.engine.weights.Weights;
import org.junit.jupiter.api.Test;

class NetworkTypeTest {

    private static final ComputeTarget CPU = new ComputeTarget("cpu", Precision.FP32);

    @Test
    void aClassNameStandsForOneNetwork() {
        assertThat(NetworkType.names(Network.class)).doesNotHaveDuplicates();
        assertThat(Networks.Kind.TEXT_ENCODER.classNames())
                .containsExactlyInAnyOrder(
                        "CLIPTextModel",
                        "CLIPTextModelWithProjection",
                        "BertModel",
                        "LDMBertModel",
                        "T5EncoderModel",
                        "Qwen3Model",
                        "Qwen3ForCausalLM",
                        "GlideTextModel");
        assertThat(Networks.Kind.DENOISER.classNames()).contains("UNet2DConditionModel");
        assertThat(Networks.Kind.AUTOENCODER.classNames())
                .contains("AutoencoderKL")
                .doesNotContain("BertModel");
    }

    @Test
    void aNetworkOfAnotherKindIsRefusedByTheNamesThatFit() {
        JsonNode clip = Fixture.of("sd1").config("text_encoder");

        assertThatThrownBy(() -> Networks.denoiser(clip, Weights.NONE, CPU))
                .isInstanceOf(ModelException.class)
                .hasMessage("CLIPTextModel where one of %s is expected", Networks.Kind.DENOISER.classNames());
    }

    @Test
    void anUnknownNetworkIsRefusedByTheNamesThatAreKnown() {
        JsonNode config = JsonNodeFactory.instance.objectNode().put("_class_name", "HunyuanDiT2DModel");

        assertThatThrownBy(() -> Networks.requireKnown(config))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith("HunyuanDiT2DModel is not a network that Weir knows")
                .hasMessageContaining("UNet2DConditionModel")
                .hasMessageContaining("VQModel");
    }
}
