package dev.weir.engine;

import dev.weir.engine.adapter.Lora;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.inversion.Embedding;
import java.util.Collection;
import java.util.List;

/** Encodes prompts to text states. One device thread calls it. */
public interface TextEncoder extends AutoCloseable {

    /**
     * The states of each prompt, in order, in one forward pass. A prompt that exceeds the encoder's length is cut.
     *
     * @throws IllegalArgumentException where a prompt leaves out more layers than {@link #maxClipSkip}, or cannot be read
     */
    List<PromptStates> encode(List<Prompt> prompts);

    /**
     * What a prompt takes to encode.
     *
     * @throws IllegalArgumentException that says why the prompt cannot be read in its syntax
     */
    PromptSize size(Prompt prompt);

    /** The same, for callers that leave no layer out and ignore cuts. */
    default List<Tensors> states(List<String> prompts) {
        return encode(prompts.stream().map(Prompt::of).toList()).stream()
                .map(PromptStates::states)
                .toList();
    }

    /**
     * Opens what reads embeddings as words. When the result runs, prompts may name these embeddings, and no others.
     *
     * @throws ModelException that names a file that cannot be read
     */
    default Runnable prepareWords(Collection<Embedding> embeddings) {
        return () -> {};
    }

    /** Prepares for prompts with these LoRAs, which may take as long as loading the encoder. */
    default void expect(Collection<Lora> loras) {}

    /**
     * Reads the LoRAs of a prompt before its forward.
     *
     * @param needed by all prompts of that forward
     * @throws ModelException that names a file that cannot be read
     */
    default void load(List<WeightedLora> loras, Collection<Lora> needed) {}

    /** How many layers a prompt may leave out. */
    int maxClipSkip();

    @Override
    void close();
}
