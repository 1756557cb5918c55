package dev.weir.engine;

/**
 * What a prompt takes to encode.
 *
 * @param rows of each network
 * @param numbers of its states, without pooled ones
 */
public record PromptSize(int rows, long numbers) {

    /** Of a text that two networks read. */
    public PromptSize plus(PromptSize other) {
        return new PromptSize(Math.max(rows, other.rows), numbers + other.numbers);
    }
}
