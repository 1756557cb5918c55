package dev.weir.engine.pipeline;

import dev.weir.engine.Prompt;
import dev.weir.engine.PromptSize;
import dev.weir.engine.PromptStates;
import dev.weir.engine.Tensors;
import dev.weir.engine.TextEncoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The text encoder of a pipeline beside the one that its prior reads. A prompt has the states of both, and those that the prior's
 * encoder gives for the empty prompt: the prior is guided away from these, whatever the negative prompt says. LoRAs, embeddings,
 * {@code clip_skip} and the prompt's syntax count for the pipeline's own encoder only: the prior reads the text as it stands. Owned by one device thread, as the encoders are.
 */
public final class PriorTextEncoder extends ExtendedTextEncoder {

    /** Before the names of what the prior's encoder gives for the prompt. */
    static final String PRIOR = "prior/";

    /** Before the names of what it gives for the empty prompt. */
    static final String EMPTY = "prior_empty/";

    private final TextEncoder priors;
    private Optional<Tensors> empty = Optional.empty();

    public PriorTextEncoder(TextEncoder encoder, TextEncoder priors) {
        super(encoder);
        this.priors = priors;
    }

    @Override
    public List<PromptStates> encode(List<Prompt> prompts) {
        if (prompts.isEmpty()) {
            return List.of();
        }
        List<PromptStates> own = encoder.encode(prompts);
        List<PromptStates> seen = priors.encode(
                prompts.stream().map(prompt -> Prompt.of(prompt.text())).toList());
        List<PromptStates> both = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            Tensors states =
                    own.get(i).states().with(seen.get(i).states().under(PRIOR)).with(empty().under(EMPTY));
            String cut = Stream.of(own.get(i), seen.get(i))
                    .map(PromptStates::cut)
                    .filter(text -> !text.isEmpty())
                    .findFirst()
                    .orElse("");
            both.add(new PromptStates(states, cut));
        }
        return both;
    }

    private Tensors empty() {
        if (empty.isEmpty()) {
            empty = Optional.of(priors.states(List.of("")).get(0));
        }
        return empty.get();
    }

    @Override
    public PromptSize size(Prompt prompt) {
        return encoder.size(prompt).plus(priors.size(Prompt.of(prompt.text()))).plus(priors.size(Prompt.of("")));
    }

    @Override
    public void close() {
        super.close();
        priors.close();
    }
}
