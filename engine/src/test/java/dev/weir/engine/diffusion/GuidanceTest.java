package dev.weir.engine.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.weir.engine.HostTensor;
import dev.weir.engine.Join;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.Tensors;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GuidanceTest {

    private static final ReferenceFile EMBEDDINGS = ReferenceFile.open("samplers/guidance_embedding.safetensors");
    private static final Tensors PROMPT =
            Tensors.of(Tensors.ENCODER_HIDDEN_STATES, HostTensor.of(new float[] {1}, 1, 1));

    @ParameterizedTest
    @CsvSource({"1.0,256", "1.3,256", "7.5,256", "8.5,256", "14.9,256", "1.3,33", "7.5,33", "14.9,33"})
    void theEmbeddingOfAScaleIsTheReferences(float scale, int width) {
        float[] expected = EMBEDDINGS.floats(scale + "/" + width);

        // PyTorch's frequencies are off by up to their last bit, which moves the largest angles by this.
        float lastBit = 1000 * (scale - 1) * 0x1p-23f;
        assertThat(GuidanceEmbedding.of(scale, width).values()).containsExactly(expected, within(lastBit + 1e-6f));
    }

    @Test
    void anEmbeddedScaleTakesOneRow() {
        Guider guider = Guider.embedded(PROMPT, 8.5f, 256);

        assertThat(guider.branches(0))
                .containsExactly(PROMPT.with(Tensors.TIMESTEP_COND, GuidanceEmbedding.of(8.5f, 256)));
    }

    @Test
    void theWidthIsThatOfTheNetworksInput() {
        var states = new NetworkInput(Tensors.ENCODER_HIDDEN_STATES, List.of(NetworkInput.ANY, 1), Join.PAD);
        var embedding = new NetworkInput(Tensors.TIMESTEP_COND, List.of(256), Join.STACK);

        assertThat(GuidanceEmbedding.width(List.of(states, embedding))).isEqualTo(OptionalInt.of(256));
        assertThat(GuidanceEmbedding.width(List.of(states))).isEmpty();
    }

    @Test
    void aPredictedVarianceIsThePromptsAlone() {
        Guider guidance = new ClassifierFreeGuidance(PROMPT, PROMPT, 5, 0);

        assertThat(guidance.combine(List.of(new float[] {1, -1, 7, 8}, new float[] {2, -1, 3, 4}), 0, 2))
                .containsExactly(6, -1, 3, 4);
    }
}
