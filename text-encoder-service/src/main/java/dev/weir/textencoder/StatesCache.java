package dev.weir.textencoder;

import dev.weir.engine.Prompt;
import dev.weir.engine.PromptStates;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The states of recently encoded prompts, above all the empty one, which almost every guided sample needs. Bounded by
 * the number of floats; the least recently used prompt is evicted first. Any thread. Each node has its own; {@link
 * StatesMemory} is shared.
 */
final class StatesCache {

    private record Key(String model, String weights, Prompt prompt) {}

    private final int maxNumbers;
    private final Map<Key, PromptStates> states = new LinkedHashMap<>(16, 0.75f, true);
    private long numbers;

    /** @param maxNumbers the maximum number of floats */
    StatesCache(int maxNumbers) {
        this.maxNumbers = maxNumbers;
    }

    /** @param weights the fingerprint of the model's text encoders */
    synchronized Optional<PromptStates> find(String model, String weights, Prompt prompt) {
        return Optional.ofNullable(states.get(new Key(model, weights, prompt)));
    }

    synchronized void put(String model, String weights, Prompt prompt, PromptStates encoded) {
        PromptStates before = states.put(new Key(model, weights, prompt), encoded);
        numbers +=
                encoded.states().size() - (before == null ? 0 : before.states().size());
        for (Iterator<PromptStates> oldest = states.values().iterator(); numbers > maxNumbers && oldest.hasNext(); ) {
            numbers -= oldest.next().states().size();
            oldest.remove();
        }
    }
}
