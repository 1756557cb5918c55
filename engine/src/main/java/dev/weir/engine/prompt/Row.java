package dev.weir.engine.prompt;

import java.util.BitSet;

/**
 * What a text network runs for a prompt: one of the rows of a {@link Reading}.
 *
 * @param end the position of the token whose state stands for the whole text; negative: the network finds it
 * @param hidden the tokens that no token sees
 */
public record Row(long[] ids, int end, BitSet hidden) {

    static Row of(long[] ids) {
        return new Row(ids, -1, new BitSet());
    }
}
