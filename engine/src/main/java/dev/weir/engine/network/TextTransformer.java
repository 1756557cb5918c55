package dev.weir.engine.network;

import dev.weir.engine.HostTensor;
import dev.weir.engine.Prompt;
import dev.weir.engine.PromptStates;
import dev.weir.engine.Tensors;
import dev.weir.engine.TextEncoder;
import dev.weir.engine.adapter.Lora;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.tokenizer.Tokenizer;
import dev.weir.engine.tokenizer.Tokens;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Runs a text network: prompts to ids, padded to the longest, and the states of each prompt's own tokens back. */
final class TextTransformer implements TextEncoder {

    /** The method of every text network: ids and which of them count, {@code [B, T]} each, to {@code [B, T, D]}. */
    static final String FORWARD = "forward";

    private final AdaptableNetwork network;
    private final Tokenizer tokenizer;
    private final TextNetwork form;

    TextTransformer(AdaptableNetwork network, Tokenizer tokenizer, TextNetwork form) {
        this.network = network;
        this.tokenizer = tokenizer;
        this.form = form;
    }

    @Override
    public List<PromptStates> encode(List<Prompt> prompts) {
        if (prompts.isEmpty()) {
            return List.of();
        }
        prompts.forEach(this::requireLayers);
        var tokens = prompts.stream().map(this::tokens).toList();
        var ids = tokens.stream().map(Tokens::ids).toList();
        int longest = ids.stream().mapToInt(row -> row.length).max().orElseThrow();
        var padded = Feed.longs(
                bytes -> {
                    var out = bytes.asLongBuffer();
                    for (int row = 0; row < ids.size(); row++) {
                        out.position(row * longest).put(ids.get(row));
                        for (int i = ids.get(row).length; i < longest; i++) {
                            out.put(0);
                        }
                    }
                },
                ids.size(),
                longest);
        var kept = Lengths.kept(ids.stream().map(row -> row.length).toList());
        var feeds = new ArrayList<>(List.of(padded, kept));
        feeds.addAll(form.more(prompts, ids));
        return network.run(
                FORWARD, feeds, prompts.stream().map(Prompt::loras).toList(), states -> split(states, tokens, longest));
    }

    @Override
    public void expect(Collection<Lora> loras) {
        network.expect(loras);
    }

    @Override
    public void load(List<WeightedLora> loras, Collection<Lora> needed) {
        network.load(loras, needed);
    }

    @Override
    public int maxClipSkip() {
        return form.maxClipSkip();
    }

    private void requireLayers(Prompt prompt) {
        if (prompt.clipSkip() < 0 || prompt.clipSkip() > maxClipSkip()) {
            throw new IllegalArgumentException(
                    "clip_skip %d is not between 0 and %d".formatted(prompt.clipSkip(), maxClipSkip()));
        }
    }

    private Tokens tokens(Prompt prompt) {
        var tokens = tokenizer.encode(prompt.text());
        if (tokens.ids().length > form.positions()) {
            throw new IllegalStateException("the tokenizer gave %d ids; the text encoder takes %d"
                    .formatted(tokens.ids().length, form.positions()));
        }
        return tokens;
    }

    private List<PromptStates> split(ByteBuffer states, List<Tokens> prompts, int longest) {
        int width = form.width();
        int rowSize = longest * width + form.pooledWidth();
        var all = new ArrayList<PromptStates>();
        for (int row = 0; row < prompts.size(); row++) {
            int tokens = prompts.get(row).ids().length;
            var values = new float[tokens * width];
            states.asFloatBuffer().get(row * rowSize, values);
            var own = Tensors.of(Tensors.ENCODER_HIDDEN_STATES, HostTensor.of(values, tokens, width));
            if (form.pooledWidth() > 0) {
                var pooled = new float[form.pooledWidth()];
                states.asFloatBuffer().get(row * rowSize + longest * width, pooled);
                own = own.with(form.pooledName(), HostTensor.of(pooled, pooled.length));
            }
            all.add(new PromptStates(own, prompts.get(row).cut()));
        }
        return all;
    }

    @Override
    public void close() {
        network.close();
    }
}
