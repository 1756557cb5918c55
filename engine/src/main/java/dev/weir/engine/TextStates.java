package dev.weir.engine;

/**
 * The hidden states of one prompt, the cross-attention context of a denoiser: {@code [tokens, width]}, row-major.
 *
 * <p>Every row counts. An encoder that pads (CLIP) intends its padding to be attended to. One that does not (BERT)
 * gives as many rows as the prompt has tokens. The network masks batches of unequal lengths.
 */
public record TextStates(int tokens, int width, float[] values) {

    public TextStates {
        if (values.length != tokens * width) {
            throw new IllegalArgumentException(
                    "%d text states do not fill [%d, %d]".formatted(values.length, tokens, width));
        }
    }

    public boolean isFinite() {
        return Finite.all(values);
    }
}
