package dev.weir.engine.tokenizer;

/** A prompt to the ids that its text encoder was trained on, special tokens included. Any thread. */
public interface Tokenizer extends AutoCloseable {

    /** Ids of one prompt: padded to {@link #length()} where the family pads (CLIP), else as long as the prompt; cut where too long. */
    Tokens encode(String prompt);

    /** The ids of a part of a prompt, however many they are: without special tokens and padding. */
    long[] words(String text);

    /** The special tokens around the words. */
    Marks marks();

    /** Whether a word ends with this token. */
    boolean endsWord(long id);

    /** The most ids that a prompt may have. */
    int length();

    @Override
    void close();
}
