package dev.weir.engine;

/**
 * The text encoder's result for one prompt.
 *
 * @param cut the end of the prompt that was not read, as decoded from its tokens; empty if all of it was read
 */
public record PromptStates(TextStates states, String cut) {

    public boolean isCut() {
        return !cut.isEmpty();
    }

    public boolean isFinite() {
        return states.isFinite();
    }
}
