package dev.weir.engine.prompt;

import dev.weir.engine.HostTensor;
import java.util.ArrayList;
import java.util.List;

/**
 * A prompt of any length in several rows, whose weighted states follow one another. The pooled state is the first row's.
 *
 * @param emphasis how weights change states
 */
record ChunkedReading(List<Chunk> chunks, Emphasis emphasis) implements Reading {

    ChunkedReading {
        chunks = List.copyOf(chunks);
    }

    static ChunkedReading ofA1111(String text, Lexicon lexicon) {
        return new ChunkedReading(new A1111Chunks(lexicon).of(A1111Prompt.parse(text)), Emphasis.MEAN);
    }

    static ChunkedReading ofComfy(String text, Lexicon lexicon) {
        return new ChunkedReading(new ComfyChunks(lexicon).of(ComfyPrompt.parse(text)), Emphasis.FROM_EMPTY);
    }

    @Override
    public List<TokenRow> rows() {
        List<TokenRow> rows = new ArrayList<>();
        chunks.forEach(chunk -> rows.add(chunk.row()));
        if (comparesWithEmpty()) {
            rows.add(chunks.get(0).next().row());
        }
        return rows;
    }

    @Override
    public int tokens() {
        return chunks.stream().mapToInt(chunk -> chunk.row().ids().length).sum();
    }

    private boolean comparesWithEmpty() {
        return emphasis == Emphasis.FROM_EMPTY && chunks.stream().anyMatch(Chunk::isWeighted);
    }

    @Override
    public HostTensor join(List<HostTensor> states) {
        List<HostTensor> weighted = new ArrayList<>();
        for (int i = 0; i < chunks.size(); i++) {
            weighted.add(
                    chunks.get(i).isWeighted()
                            ? emphasis.apply(states.get(i), chunks.get(i).weights(), states.get(states.size() - 1))
                            : states.get(i));
        }
        return States.inSequence(weighted);
    }
}
