package dev.weir.engine.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.weir.engine.HostTensor;
import dev.weir.engine.Join;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.Tensors;
import java.util.List;
import java.util.Optional;
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

    @Test
    void aComposedPromptWithoutGuidanceHasTheRowsOfItsPartsAndAddsTheLastDifference() {
        var parts =
                List.of(new ComposedGuidance.Part(step -> PROMPT, 1), new ComposedGuidance.Part(step -> PROMPT, 0.5f));
        Guider plain = new ComposedGuidance(parts, true, List.of(), 1, 0);
        Guider guider = new ComposedGuidance(parts, true, List.of(new ComposedGuidance.Part(step -> PROMPT, 1)), 4, 0)
                .in(new GuidanceInterval(0, 0.5, true), plain, 4);

        assertThat(guider.branches(1)).hasSize(3);
        assertThat(guider.branches(2)).hasSize(2);
        assertThat(guider.isPrompt(1, 0)).isFalse();
        assertThat(guider.isPrompt(2, 0)).isTrue();
        Combined guided = guider.combine(List.of(one(1), one(2), one(3)), 1, 1, Optional.empty());
        assertThat(guided.output()).containsExactly(1 + 4 * (2 - 1) + 0.5f * 4 * (3 - 1));
        // The parts alone: the first one, and half of what the second one adds to it.
        float alone = 2 + 0.5f * (3 - 2);
        float difference = guided.output()[0] - alone;
        Combined after = guider.combine(List.of(one(5), one(7)), 2, 1, guided.remembered());
        assertThat(after.output()).containsExactly(5 + 0.5f * (7 - 5) + difference);
        assertThat(after.remembered()).isEqualTo(guided.remembered());
    }

    @Test
    void anIntervalThatEndsBeforeItStartsIsRefused() {
        assertThatThrownBy(() -> new GuidanceInterval(0.6, 0.5, false)).hasMessageContaining("0.6 and 0.5");
        assertThatThrownBy(() -> new GuidanceInterval(0, Double.NaN, false)).hasMessageContaining("NaN");
    }

    /** A refiner that takes over at 0.8 is guided up to the half of its own steps. */
    @Test
    void aStageThatDoesAPartOfTheStepsIsGuidedInItsShareOfTheInterval() {
        var interval = new GuidanceInterval(0.25, 0.9, false);

        assertThat(interval.within(0, 0.8)).isEqualTo(new GuidanceInterval(0.3125, 1, false));
        assertThat(interval.within(0.8, 1).end()).isEqualTo(0.5, within(1e-9));
        assertThat(new GuidanceInterval(0, 0.5, false).within(0.8, 1).end()).isZero();
    }

    private static float[] one(float value) {
        return new float[] {value};
    }
}
