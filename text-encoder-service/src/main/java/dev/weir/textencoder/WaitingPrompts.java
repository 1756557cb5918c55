package dev.weir.textencoder;

import dev.weir.engine.Prompt;
import dev.weir.engine.pipeline.Port;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.Inputs;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;

/** The samples that wait for a text encoder, in the order of their arrival. Device thread. */
final class WaitingPrompts {

    /** Of the network in a turn. A sample that has more takes a turn of its own. */
    private static final int MAX_ROWS = 64;

    /** Each takes a forward pass of its own, so these bound the time of a turn. */
    private static final int MAX_PICTURES = 8;

    /** @param pictures the pixels of each one, by port; throws what is wrong with them */
    record Waiting(Work work, Supplier<Map<Port, float[]>> pictures) {

        private boolean isOf(String model) {
            return work.task().getModel().equals(model);
        }
    }

    private final Deque<Waiting> queue = new ArrayDeque<>();

    boolean isEmpty() {
        return queue.isEmpty();
    }

    void add(Waiting last) {
        queue.add(last);
    }

    void drop(SampleKey key) {
        queue.removeIf(held -> held.work().key().equals(key));
    }

    /** The model of the first sample. */
    String first() {
        return queue.element().work().task().getModel();
    }

    /** @return how many samples of the model are removed */
    int removeIf(String model, Predicate<Work> fails) {
        int before = queue.size();
        queue.removeIf(held -> held.isOf(model) && fails.test(held.work()));
        return before - queue.size();
    }

    /** Removes all samples of a model. */
    List<Work> remove(String model) {
        List<Work> removed = queue.stream()
                .filter(held -> held.isOf(model))
                .map(Waiting::work)
                .toList();
        queue.removeIf(held -> held.isOf(model));
        return removed;
    }

    /**
     * Takes samples of a model, in order, while the rows of their distinct prompts fit into one forward pass.
     *
     * @param rows of a prompt
     * @param prompts those of the samples are added
     */
    List<Waiting> takeBatch(
            String model, Function<Work, Wording> wordings, ToIntFunction<Prompt> rows, Set<Prompt> prompts) {
        List<Waiting> batch = new ArrayList<>();
        int pictures = 0;
        int taken = 0;
        for (Iterator<Waiting> all = queue.iterator(); all.hasNext() && pictures < MAX_PICTURES; ) {
            Waiting held = all.next();
            if (held.isOf(model)) {
                Set<Prompt> added =
                        new LinkedHashSet<>(wordings.apply(held.work()).all());
                added.removeAll(prompts);
                int own = added.stream().mapToInt(rows).sum();
                if (own > 0 && taken + own > MAX_ROWS && !batch.isEmpty()) {
                    break;
                }
                taken += own;
                prompts.addAll(added);
                pictures += (Inputs.areWanted(held.work()) ? 1 : 0) + PromptImages.count(held.work());
                batch.add(held);
                all.remove();
            }
        }
        return batch;
    }
}
