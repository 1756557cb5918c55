package dev.weir.engine.network;

import dev.weir.engine.HostTensor;
import dev.weir.engine.Prompt;
import dev.weir.engine.PromptSize;
import dev.weir.engine.PromptStates;
import dev.weir.engine.Tensors;
import dev.weir.engine.TextEncoder;
import dev.weir.engine.adapter.Lora;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.inversion.Embedding;
import dev.weir.engine.prompt.Lexicon;
import dev.weir.engine.prompt.Reading;
import dev.weir.engine.prompt.States;
import dev.weir.engine.prompt.TokenRow;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * Runs a text network: prompts to rows of ids, padded to the longest, and the states of each row's own tokens back, which a prompt's
 * {@link Reading} makes its states of.
 */
final class TextTransformer implements TextEncoder {

    /** The method of every text network: ids and which of them count, {@code [B, T]} each, to {@code [B, T, D]}. */
    static final String FORWARD = "forward";

    private static final int ROWS_OF_A_FORWARD = 64;
    /** Those of the prompts that wait, mostly. */
    private static final int READINGS = 64;

    private record OwnRow(Prompt prompt, TokenRow row) {}

    private final AdaptableNetwork network;
    private final TextNetwork form;
    private final Lexicon.Extension extension;
    private Lexicon lexicon;
    private Recent<Prompt, Reading> readings = recent();

    /** @param extension of a network that takes the vectors of words */
    TextTransformer(AdaptableNetwork network, Lexicon lexicon, TextNetwork form, Lexicon.Extension extension) {
        this.network = network;
        this.lexicon = lexicon;
        this.form = form;
        this.extension = extension;
    }

    @Override
    public List<PromptStates> encode(List<Prompt> prompts) {
        var readings = new ArrayList<Reading>();
        var rows = new ArrayList<OwnRow>();
        for (Prompt prompt : prompts) {
            requireLayers(prompt);
            var reading = reading(prompt);
            readings.add(reading);
            reading.rows().forEach(row -> rows.add(new OwnRow(prompt, row)));
        }
        var states = new ArrayList<Tensors>();
        for (int from = 0; from < rows.size(); from += ROWS_OF_A_FORWARD) {
            states.addAll(run(rows.subList(from, Math.min(rows.size(), from + ROWS_OF_A_FORWARD))));
        }
        return joined(readings, states);
    }

    @Override
    public PromptSize size(Prompt prompt) {
        var reading = reading(prompt);
        return new PromptSize(reading.rows().size(), (long) reading.tokens() * form.width());
    }

    /** A prompt is read when its size is asked for, and again when it is encoded. */
    private Reading reading(Prompt prompt) {
        return readings.get(prompt, () -> Reading.of(prompt, lexicon));
    }

    private static List<PromptStates> joined(List<Reading> readings, List<Tensors> states) {
        var all = new ArrayList<PromptStates>();
        int from = 0;
        for (Reading reading : readings) {
            var own = states.subList(from, from + reading.rows().size());
            var joined = reading.join(own.stream()
                    .map(row -> row.get(Tensors.ENCODER_HIDDEN_STATES))
                    .toList());
            all.add(new PromptStates(pooled(own, reading).with(Tensors.ENCODER_HIDDEN_STATES, joined), reading.cut()));
            from += own.size();
        }
        return all;
    }

    /** What belongs to the whole prompt, and what belongs to a row. */
    private static Tensors pooled(List<Tensors> rows, Reading reading) {
        var shares = reading.pooled();
        int first = shares.keySet().iterator().next();
        if (shares.size() == 1) {
            return rows.get(first);
        }
        var mixed = Tensors.NONE;
        for (String name : rows.get(first).byName().keySet()) {
            if (!name.equals(Tensors.ENCODER_HIDDEN_STATES)) {
                var parts = shares.keySet().stream()
                        .map(row -> rows.get(row).get(name))
                        .toList();
                mixed = mixed.with(name, States.sum(parts, List.copyOf(shares.values())));
            }
        }
        return mixed;
    }

    /** The states of each row's own tokens. */
    private List<Tensors> run(List<OwnRow> owned) {
        var prompts = owned.stream().map(OwnRow::prompt).toList();
        var rows = owned.stream().map(OwnRow::row).toList();
        rows.forEach(this::requirePositions);
        int longest = rows.stream().mapToInt(row -> row.ids().length).max().orElseThrow();
        var inversions = lexicon.inversions();
        var padded = Feed.longs(
                bytes -> {
                    var out = bytes.asLongBuffer();
                    for (TokenRow row : rows) {
                        var ids = Arrays.copyOf(row.ids(), longest);
                        out.put(Arrays.stream(ids)
                                .map(id -> WordVectors.id(id, inversions))
                                .toArray());
                    }
                },
                rows.size(),
                longest);
        var feeds = new ArrayList<>(List.of(padded, Lengths.seen(rows, form.hidesPadding())));
        feeds.addAll(form.more(prompts, rows));
        if (form.takesVectors()) {
            feeds.addAll(WordVectors.feeds(rows, longest, form.width(), inversions));
        }
        return network.run(
                FORWARD, feeds, prompts.stream().map(Prompt::loras).toList(), states -> split(states, rows, longest));
    }

    private static Recent<Prompt, Reading> recent() {
        return new Recent<>(READINGS, reading -> {});
    }

    @Override
    public Runnable prepareWords(Collection<Embedding> embeddings) {
        var next = extension.of(lexicon, embeddings);
        return () -> {
            lexicon.closeEmbeddings();
            lexicon = next;
            readings = recent();
        };
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

    private void requirePositions(TokenRow row) {
        if (row.ids().length > form.positions()) {
            throw new IllegalStateException("the tokenizer gave %d ids; the text encoder takes %d"
                    .formatted(row.ids().length, form.positions()));
        }
    }

    private List<Tensors> split(ByteBuffer states, List<TokenRow> rows, int longest) {
        int width = form.width();
        int rowSize = longest * width + form.pooledWidth();
        var all = new ArrayList<Tensors>();
        for (int row = 0; row < rows.size(); row++) {
            int tokens = form.isTrimmed() ? rows.get(row).own() : rows.get(row).ids().length;
            var values = new float[tokens * width];
            states.asFloatBuffer().get(row * rowSize, values);
            var own = Tensors.of(Tensors.ENCODER_HIDDEN_STATES, HostTensor.of(values, tokens, width));
            if (form.pooledWidth() > 0) {
                var pooled = new float[form.pooledWidth()];
                states.asFloatBuffer().get(row * rowSize + longest * width, pooled);
                own = own.with(form.pooledName(), HostTensor.of(pooled, pooled.length));
            }
            all.add(own);
        }
        return all;
    }

    @Override
    public void close() {
        network.close();
        lexicon.close();
    }
}
