package dev.weir.engine;

import java.util.List;

/** Encodes prompts to text states. One device thread calls it. */
public interface TextEncoder extends AutoCloseable {

    /** The states of each prompt, in order, in one forward pass. A prompt that exceeds the encoder's length is cut. */
    List<PromptStates> encode(List<String> prompts);

    /** The same, for callers that ignore cuts. */
    default List<Tensors> states(List<String> prompts) {
        return encode(prompts).stream().map(PromptStates::states).toList();
    }

    @Override
    void close();
}
