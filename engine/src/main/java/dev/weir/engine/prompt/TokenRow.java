package dev.weir.engine.prompt;

import dev.weir.engine.tokenizer.Tokens;
import java.util.BitSet;

/**
 * What a text network runs for a prompt: one of the rows of a {@link Reading}.
 *
 * @param end the position of the token whose state stands for the whole text; negative: the network finds it
 * @param hidden the tokens that no token sees
 * @param own how many of the ids are no padding
 */
public record TokenRow(long[] ids, int end, BitSet hidden, int own) {

    static TokenRow of(Tokens tokens) {
        return new TokenRow(tokens.ids(), -1, new BitSet(), tokens.own());
    }
}
