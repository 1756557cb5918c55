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
    void aPromptIsRememberedForItsModelAlone() {
        PromptStates states = states(4);
        cache.put("a", Prompt.of("an apple"), states);
        assertThat(cache.find("a", Prompt.of("an apple"))).containsSame(states);
        assertThat(cache.find("b", Prompt.of("an apple"))).isEmpty();
        assertThat(cache.find("a", Prompt.of(""))).isEmpty();
    }

    @Test
    void whatWasAskedForLongestAgoMakesRoom() {
        cache.put("a", Prompt.of("one"), states(4));
        cache.put("a", Prompt.of("two"), states(4));
        cache.put("a", Prompt.of("three"), states(4));
        cache.find("a", Prompt.of("one"));
        cache.put("a", Prompt.of("four"), states(4));
        assertThat(cache.find("a", Prompt.of("two"))).isEmpty();
        assertThat(cache.find("a", Prompt.of("one"))).isPresent();
        assertThat(cache.find("a", Prompt.of("three"))).isPresent();
        assertThat(cache.find("a", Prompt.of("four"))).isPresent();
    }

    @Test
    void statesThatAreNewTakeThePlaceOfTheOldOnesInTheBound() {
        for (int i = 0; i < 10; i++) {
            cache.put("a", Prompt.of("same"), states(6));
        }
        cache.put("a", Prompt.of("other"), states(6));
        assertThat(cache.find("a", Prompt.of("same"))).isPresent();
        assertThat(cache.find("a", Prompt.of("other"))).isPresent();
    }

    private static PromptStates states(int numbers) {
        return new PromptStates(Tensors.of("encoder_hidden_states", HostTensor.of(new float[numbers], numbers, 1)), "");
    }
}
