package dev.weir.engine;

import java.util.List;

/** Prompts to text states. One device thread calls it. */
public interface TextEncoder extends AutoCloseable {

    /** The states of each prompt, in order; one forward for all of them. A prompt past the encoder's length is cut. */
    List<TextStates> encode(List<String> prompts);

    @Override
    void close();
}
