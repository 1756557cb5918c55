package dev.weir.engine;

import java.util.List;

/** Encodes prompts to text states. One device thread calls it. */
public interface TextEncoder extends AutoCloseable {

    /**
     * The states of each prompt, in order, in one forward pass. A prompt that exceeds the encoder's length is cut.
     *
     * @throws IllegalArgumentException where a prompt leaves out more layers than {@link #maxClipSkip}
     */
    List<PromptStates> encode(List<Prompt> prompts);

    /** The same, for callers that leave no layer out and ignore cuts. */
    default List<Tensors> states(List<String> prompts) {
        return encode(prompts.stream().map(Prompt::of).toList()).stream()
                .map(PromptStates::states)
                .toList();
    }

    /** How many layers a prompt may leave out. */
    int maxClipSkip();

    @Override
    void close();
}
