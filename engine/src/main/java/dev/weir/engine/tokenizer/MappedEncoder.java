package dev.weir.engine.tokenizer;

/** Replaces characters before another encoder reads the text. Any thread, until closed. */
record MappedEncoder(CharacterMap map, Encoder encoder) implements Encoder {

    @Override
    public long[] encode(String prompt) {
        return encoder.encode(map.normalized(prompt));
    }

    @Override
    public String decode(long[] ids) {
        return encoder.decode(ids);
    }

    @Override
    public boolean endsWord(long id) {
        return encoder.endsWord(id);
    }

    @Override
    public void close() {
        encoder.close();
    }
}
