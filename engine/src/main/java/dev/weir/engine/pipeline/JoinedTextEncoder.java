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
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;

/**
 * The text encoders of a pipeline as one. Owned by one device thread, as they are.
 */
public final class JoinedTextEncoder implements TextEncoder {

    /** Before the names of the states that an absent prompt would have as the empty one. */
    static final String EMPTY = "empty/";

    private final List<TextEncoder> encoders;
    private final Function<List<Tensors>, Tensors> join;
    private final boolean zeroNegative;
    private final boolean keepsEmpty;

    /**
     * @param join what they give for one prompt, as one
     * @param zeroNegative whether an absent prompt has states of zeros
     * @param keepsEmpty whether it then has those of the empty one too, under names that begin with {@link #EMPTY}
     */
    public JoinedTextEncoder(
            List<TextEncoder> encoders,
            Function<List<Tensors>, Tensors> join,
            boolean zeroNegative,
            boolean keepsEmpty) {
        this.encoders = List.copyOf(encoders);
        this.join = join;
        this.zeroNegative = zeroNegative;
        this.keepsEmpty = keepsEmpty;
    }

    @Override
    public List<PromptStates> encode(List<Prompt> prompts) {
        List<List<PromptStates>> parts =
                encoders.stream().map(encoder -> encoder.encode(prompts)).toList();
        List<PromptStates> joined = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            int prompt = i;
            PromptStates states =
                    joined(parts.stream().map(part -> part.get(prompt)).toList());
            joined.add(
                    zeroNegative && prompts.get(i).isAbsent()
                            ? new PromptStates(zeros(states.states()), states.cut())
                            : states);
        }
        return joined;
    }

    private PromptStates joined(List<PromptStates> parts) {
        // What one of them reads is used.
        String cut = parts.stream()
                .map(PromptStates::cut)
                .min(Comparator.comparingInt(String::length))
                .orElse("");
        return new PromptStates(
                join.apply(parts.stream().map(PromptStates::states).toList()), cut);
    }

    /** The states of a prompt side by side, and the pooled state of the last. */
    static Tensors sideBySide(List<Tensors> parts) {
        Tensors all = Tensors.NONE;
        for (Tensors part : parts) {
            all = all.with(part);
        }
        return all.with(
                Tensors.ENCODER_HIDDEN_STATES,
                channels(parts.stream()
                        .map(part -> part.get(Tensors.ENCODER_HIDDEN_STATES))
                        .toList()));
    }

    /** Encoders that pad give equally many tokens. */
    private static HostTensor channels(List<HostTensor> parts) {
        int tokens = parts.get(0).side(0);
        int width = parts.stream().mapToInt(part -> part.side(1)).sum();
        float[] values = new float[tokens * width];
        int column = 0;
        for (HostTensor part : parts) {
            if (part.side(0) != tokens) {
                throw new IllegalStateException(
                        "text encoders with %d and %d tokens have no common states".formatted(tokens, part.side(0)));
            }
            int own = part.side(1);
            for (int token = 0; token < tokens; token++) {
                System.arraycopy(part.values(), token * own, values, token * width + column, own);
            }
            column += own;
        }
        return HostTensor.of(values, tokens, width);
    }

    private Tensors zeros(Tensors tensors) {
        return keepsEmpty ? tensors.zeros().with(tensors.under(EMPTY)) : tensors.zeros();
    }

    @Override
    public PromptSize size(Prompt prompt) {
        return encoders.stream()
                .map(encoder -> encoder.size(prompt))
                .reduce(PromptSize::plus)
                .orElseThrow();
    }

    @Override
    public Runnable prepareWords(Collection<Embedding> embeddings) {
        // None of them changes where one cannot.
        List<Runnable> prepared = encoders.stream()
                .map(encoder -> encoder.prepareWords(embeddings))
                .toList();
        return () -> prepared.forEach(Runnable::run);
    }

    @Override
    public void expect(Collection<Lora> loras) {
        encoders.forEach(encoder -> encoder.expect(loras));
    }

    @Override
    public void load(List<WeightedLora> loras, Collection<Lora> needed) {
        encoders.forEach(encoder -> encoder.load(loras, needed));
    }

    @Override
    public int maxClipSkip() {
        return encoders.stream().mapToInt(TextEncoder::maxClipSkip).min().orElse(0);
    }

    @Override
    public void close() {
        encoders.forEach(TextEncoder::close);
    }
}
