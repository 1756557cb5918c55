package dev.weir.engine;

import java.util.List;

/** Prompts to text states. One device thread calls it. */
public interface TextEncoder extends AutoCloseable {

    /** The states of each prompt, in order; one forward for all of them. A prompt past the encoder's length is cut. */
    List<PromptStates> encode(List<String> prompts);

    /** The same, for callers that take a cut prompt as it is. */
    default List<TextStates> states(List<String> prompts) {
        return encode(prompts).stream().map(PromptStates::states).toList();
    }

    @Override
    void close();
}
