package dev.weir.engine;

/**
 * What a text encoder made of one prompt.
 *
 * @param cut the end of the prompt that it did not read, as decoded from its tokens; empty where it read all of it
 */
public record PromptStates(TextStates states, String cut) {

    public boolean isCut() {
        return !cut.isEmpty();
    }
}
