package dev.weir.engine.pipeline;

import dev.weir.engine.HostTensor;
import dev.weir.engine.Prompt;
import dev.weir.engine.PromptStates;
import dev.weir.engine.Tensors;
import dev.weir.engine.TextEncoder;
import java.util.ArrayList;
import java.util.List;

/**
 * A text encoder that gives for a prompt which is absent an embedding of a picture too, where the denoiser sees pictures' embeddings and
 * no text. Owned by one device thread, as the encoder is.
 */
public final class AbsentPromptEncoder extends ExtendedTextEncoder {

    private final HostTensor picture;

    /** @param picture the embedding that stands for an absent prompt */
    public AbsentPromptEncoder(TextEncoder encoder, HostTensor picture) {
        super(encoder);
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
}
