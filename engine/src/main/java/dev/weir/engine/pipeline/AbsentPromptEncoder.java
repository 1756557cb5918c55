package dev.weir.engine.pipeline;

import dev.weir.engine.HostTensor;
import dev.weir.engine.Prompt;
import dev.weir.engine.PromptSize;
import dev.weir.engine.PromptStates;
import dev.weir.engine.Tensors;
import dev.weir.engine.TextEncoder;
import dev.weir.engine.adapter.Lora;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.inversion.Embedding;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * A text encoder that gives for a prompt which is absent an embedding of a picture too, where the denoiser sees pictures' embeddings and
 * no text. Owned by one device thread, as the encoder is.
 */
public final class AbsentPromptEncoder implements TextEncoder {

    private final TextEncoder encoder;
    private final HostTensor picture;

    /** @param picture the embedding that stands for an absent prompt */
    public AbsentPromptEncoder(TextEncoder encoder, HostTensor picture) {
        this.encoder = encoder;
        this.picture = picture;
    }

    @Override
    public List<PromptStates> encode(List<Prompt> prompts) {
        List<PromptStates> encoded = encoder.encode(prompts);
        List<PromptStates> all = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            PromptStates own = encoded.get(i);
            all.add(
                    prompts.get(i).isAbsent()
                            ? new PromptStates(own.states().with(Tensors.IMAGE_EMBEDS, picture), own.cut())
                            : own);
        }
        return all;
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
