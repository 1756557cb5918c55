package dev.weir.engine;

/**
 * The text encoder's result for one prompt.
 *
 * @param states {@code encoder_hidden_states}, and what else the encoder gives
 * @param cut the end of the prompt that was not read, as decoded from its tokens; empty if all of it was read
 */
public record PromptStates(Tensors states, String cut) {

    /** How many tokens of the prompt the encoder read, with its padding if it pads. */
    public int tokens() {
        return states.get(Tensors.ENCODER_HIDDEN_STATES).side(0);
    }

    public boolean isCut() {
        return !cut.isEmpty();
    }

    public boolean isFinite() {
        return states.isFinite();
    }
}
