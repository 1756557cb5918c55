package dev.weir.engine.pipeline;

import dev.weir.engine.Prompt;
import dev.weir.engine.PromptSize;
import dev.weir.engine.TextEncoder;
import dev.weir.engine.adapter.Lora;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.inversion.Embedding;
import java.util.Collection;
import java.util.List;

/** A text encoder whose states get something beside them. All else is that encoder's. One device thread owns it. */
abstract class ExtendedTextEncoder implements TextEncoder {

    protected final TextEncoder encoder;

    protected ExtendedTextEncoder(TextEncoder encoder) {
        this.encoder = encoder;
    }

    @Override
    public PromptSize size(Prompt prompt) {
        return encoder.size(prompt);
    }

    @Override
    public Runnable prepareWords(Collection<Embedding> embeddings) {
        return encoder.prepareWords(embeddings);
    }

    @Override
    public void expect(Collection<Lora> loras) {
        encoder.expect(loras);
    }

    @Override
    public void load(List<WeightedLora> loras, Collection<Lora> needed) {
        encoder.load(loras, needed);
    }

    @Override
    public int maxClipSkip() {
        return encoder.maxClipSkip();
    }

    @Override
    public void close() {
        encoder.close();
    }
}
