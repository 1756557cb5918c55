package dev.weir.textencoder;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.HostTensor;
import dev.weir.engine.PromptStates;
import dev.weir.engine.Tensors;
import org.junit.jupiter.api.Test;

final class StatesCacheTest {

    private final StatesCache cache = new StatesCache(12);

    @Test
    void aPromptIsRememberedForItsModelAlone() {
        PromptStates states = states(4);
        cache.put("a", "an apple", states);
        assertThat(cache.find("a", "an apple")).containsSame(states);
        assertThat(cache.find("b", "an apple")).isEmpty();
        assertThat(cache.find("a", "")).isEmpty();
    }

    @Test
    void whatWasAskedForLongestAgoMakesRoom() {
        cache.put("a", "one", states(4));
        cache.put("a", "two", states(4));
        cache.put("a", "three", states(4));
        cache.find("a", "one");
        cache.put("a", "four", states(4));
        assertThat(cache.find("a", "two")).isEmpty();
        assertThat(cache.find("a", "one")).isPresent();
        assertThat(cache.find("a", "three")).isPresent();
        assertThat(cache.find("a", "four")).isPresent();
    }

    @Test
    void statesThatAreNewTakeThePlaceOfTheOldOnesInTheBound() {
        for (int i = 0; i < 10; i++) {
            cache.put("a", "same", states(6));
        }
        cache.put("a", "other", states(6));
        assertThat(cache.find("a", "same")).isPresent();
        assertThat(cache.find("a", "other")).isPresent();
    }

    private static PromptStates states(int numbers) {
        return new PromptStates(Tensors.of("encoder_hidden_states", HostTensor.of(new float[numbers], numbers, 1)), "");
    }
}
