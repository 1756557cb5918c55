package dev.weir.textencoder;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.HostTensor;
import dev.weir.engine.Prompt;
import dev.weir.engine.PromptStates;
import dev.weir.engine.Tensors;
import org.junit.jupiter.api.Test;

final class StatesCacheTest {

    private final StatesCache cache = new StatesCache(12);

    @Test
    void aPromptIsRememberedForItsModelAndItsWeightsAlone() {
        PromptStates states = states(4);
        cache.put("a", "w", Prompt.of("an apple"), states);
        assertThat(cache.find("a", "w", Prompt.of("an apple"))).containsSame(states);
        assertThat(cache.find("b", "w", Prompt.of("an apple"))).isEmpty();
        assertThat(cache.find("a", "other", Prompt.of("an apple"))).isEmpty();
        assertThat(cache.find("a", "w", Prompt.of(""))).isEmpty();
    }

    @Test
    void whatWasAskedForLongestAgoMakesRoom() {
        cache.put("a", "w", Prompt.of("one"), states(4));
        cache.put("a", "w", Prompt.of("two"), states(4));
        cache.put("a", "w", Prompt.of("three"), states(4));
        cache.find("a", "w", Prompt.of("one"));
        cache.put("a", "w", Prompt.of("four"), states(4));
        assertThat(cache.find("a", "w", Prompt.of("two"))).isEmpty();
        assertThat(cache.find("a", "w", Prompt.of("one"))).isPresent();
        assertThat(cache.find("a", "w", Prompt.of("three"))).isPresent();
        assertThat(cache.find("a", "w", Prompt.of("four"))).isPresent();
    }

    @Test
    void statesThatAreNewTakeThePlaceOfTheOldOnesInTheBound() {
        for (int i = 0; i < 10; i++) {
            cache.put("a", "w", Prompt.of("same"), states(6));
        }
        cache.put("a", "w", Prompt.of("other"), states(6));
        assertThat(cache.find("a", "w", Prompt.of("same"))).isPresent();
        assertThat(cache.find("a", "w", Prompt.of("other"))).isPresent();
    }

    private static PromptStates states(int numbers) {
        return new PromptStates(Tensors.of("encoder_hidden_states", HostTensor.of(new float[numbers], numbers, 1)), "");
    }
}
