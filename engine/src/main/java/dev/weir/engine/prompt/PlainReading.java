package dev.weir.engine.prompt;

import dev.weir.engine.HostTensor;
import dev.weir.engine.tokenizer.Tokenizer;
import dev.weir.engine.tokenizer.Tokens;
import java.util.List;

/** One row of the text as it stands. */
record PlainReading(Tokens read) implements Reading {

    static PlainReading of(String text, Tokenizer tokenizer) {
        return new PlainReading(tokenizer.encode(text));
    }

    @Override
    public List<TokenRow> rows() {
        return List.of(TokenRow.of(read));
    }

    @Override
    public int tokens() {
        return read.ids().length;
    }

    @Override
    public HostTensor join(List<HostTensor> states) {
        return states.get(0);
    }

    @Override
    public String cut() {
        return read.cut();
    }
}
