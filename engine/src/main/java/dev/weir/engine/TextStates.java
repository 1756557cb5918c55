package dev.weir.engine;

/**
 * The hidden states of one prompt, the cross-attention context of a denoiser: {@code [tokens, width]}, row-major.
 *
 * <p>Every row counts: an encoder that pads (CLIP) means its padding to be attended to, and one that does not (BERT)
 * gives as many rows as the prompt has tokens. A batch of unequal lengths is masked by the network, not here.
 */
public record TextStates(int tokens, int width, float[] values) {

    public TextStates {
        if (values.length != tokens * width) {
            throw new IllegalArgumentException(
                    "%d text states do not fill [%d, %d]".formatted(values.length, tokens, width));
        }
    }
}
