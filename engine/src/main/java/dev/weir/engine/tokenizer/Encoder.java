package dev.weir.engine.tokenizer;

/** A prompt to ids, however many they are, and ids to text. Any thread, until closed. */
interface Encoder extends AutoCloseable {

    /** Special tokens included; nothing is cut or padded. */
    long[] encode(String prompt);

    String decode(long[] ids);

    /** Whether a word ends with this token, in vocabularies that tell it. */
    boolean endsWord(long id);

    @Override
    void close();
}
