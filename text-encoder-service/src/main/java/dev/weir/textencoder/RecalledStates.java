package dev.weir.textencoder;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.Prompt;
import dev.weir.engine.PromptStates;
import dev.weir.engine.TextEncoder;
import dev.weir.runtime.stage.Outbox;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The states of prompts: remembered here or by the cluster, or else encoded. The event loop fetches those of the cluster; the device
 * thread does the rest.
 */
final class RecalledStates {

    /** 128 MiB: 15 prompts of Flux.1, about 560 of Stable Diffusion 1.x, or thousands of the default model's. */
    private static final int CACHED_NUMBERS = 32 << 20;

    private final StatesCache cache = new StatesCache(CACHED_NUMBERS);
    private final Optional<StatesMemory> memory;
    private final ComputeTarget target;

    /** @param memory the shared memory of the cluster's nodes */
    RecalledStates(Optional<StatesMemory> memory, ComputeTarget target) {
        this.memory = memory;
        this.target = target;
    }

    /** Completes when what the cluster remembers of the prompts is here. A lookup that fails only costs the time to encode. */
    Future<?> fetch(String model, String weights, List<Prompt> prompts) {
        List<Future<?>> lookups = new ArrayList<>();
        for (Prompt prompt : prompts) {
            if (memory.isPresent() && cache.find(model, weights, prompt).isEmpty()) {
                lookups.add(memory.get()
                        .find(model, weights, target.toString(), prompt)
                        .onSuccess(found -> found.ifPresent(states -> cache.put(model, weights, prompt, states))));
            }
        }
        return lookups.isEmpty()
                ? Future.succeededFuture()
                : Future.join(lookups).otherwiseEmpty();
    }

    /**
     * Those that are not remembered are encoded in one forward pass. A prompt whose states are not finite has none.
     *
     * @param text encodes them
     */
    Map<Prompt, PromptStates> of(
            String model, String weights, Set<Prompt> prompts, Supplier<TextEncoder> text, Outbox outbox) {
        Map<Prompt, PromptStates> states = new LinkedHashMap<>();
        List<Prompt> unknown = new ArrayList<>();
        for (Prompt prompt : prompts) {
            cache.find(model, weights, prompt)
                    .ifPresentOrElse(known -> states.put(prompt, known), () -> unknown.add(prompt));
        }
        if (!prompts.isEmpty()) {
            outbox.lookedUp(states.size(), unknown.size());
        }
        if (!unknown.isEmpty()) {
            TextEncoder encoder = text.get();
            Iterator<PromptStates> encoded = encoder.encode(unknown).iterator();
            for (Prompt prompt : unknown) {
                PromptStates fresh = encoded.next();
                if (!fresh.isFinite() && unknown.size() > 1) {
                    // A longer neighbour may have padded it to positions where a weight is not finite.
                    fresh = encoder.encode(List.of(prompt)).get(0);
                }
                if (fresh.isFinite()) {
                    remember(model, weights, prompt, fresh);
                    states.put(prompt, fresh);
                }
            }
        }
        return states;
    }

    void remember(String model, String weights, Prompt prompt, PromptStates states) {
        cache.put(model, weights, prompt, states);
        memory.ifPresent(shared -> shared.put(model, weights, target.toString(), prompt, states));
    }
}
