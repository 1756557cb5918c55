package dev.weir.engine.prompt;

import dev.weir.engine.HostTensor;
import dev.weir.engine.Prompt;
import java.util.List;
import java.util.Map;

/** How a text encoder reads one prompt: the rows that its network runs, and how their states become the prompt's. Immutable. */
public interface Reading {

    /** At least one. All of one prompt have the length of the family's, or are as long as their text where it does not pad. */
    List<TokenRow> rows();

    /** How many tokens the prompt's states have, with those that the network may leave out as padding. */
    int tokens();

    /** The states of the prompt, {@code [tokens, width]}, from those of the rows. */
    HostTensor join(List<HostTensor> states);

    /** The share of each row's pooled state in the prompt's. */
    default Map<Integer, Double> pooled() {
        return Map.of(0, 1.0);
    }

    /** The end of the prompt that is not read, decoded from its tokens. */
    default String cut() {
        return "";
    }

    /** Throws an IllegalArgumentException where the prompt cannot be read in its syntax. */
    static Reading of(Prompt prompt, Lexicon lexicon) {
        return switch (prompt.syntax()) {
            case PLAIN -> PlainReading.of(prompt.text(), lexicon.extended());
            case A1111 -> ChunkedReading.ofA1111(prompt.text(), lexicon);
            case COMFYUI -> ComfyNotation.read(prompt.text(), lexicon);
            case COMPEL -> CompelReading.of(prompt.text(), lexicon.extended());
        };
    }
}
