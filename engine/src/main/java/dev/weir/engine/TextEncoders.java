package dev.weir.engine;

import dev.weir.engine.inversion.Embedding;
import dev.weir.engine.inversion.Inversions;
import dev.weir.engine.network.Networks;
import dev.weir.engine.pipeline.AbsentPromptEncoder;
import dev.weir.engine.pipeline.JoinedTextEncoder;
import dev.weir.engine.pipeline.Pipeline;
import dev.weir.engine.pipeline.PipelineType;
import dev.weir.engine.pipeline.PriorTextEncoder;
import dev.weir.engine.pipeline.TextPart;
import dev.weir.engine.pipeline.VisionPart;
import dev.weir.engine.prompt.Lexicon;
import dev.weir.engine.tokenizer.CleaningTokenizer;
import dev.weir.engine.tokenizer.Tokenizer;
import dev.weir.engine.tokenizer.Tokenizers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Opens the text encoders of a model as one, with their tokenizers. Immutable; any thread.
 *
 * @param readEmbeddings whether they read the words of embeddings
 */
record TextEncoders(PipelineIndex index, Pipeline pipeline, boolean readEmbeddings) {

    TextEncoder open(ComputeTarget target) {
        List<TextEncoder> opened = new ArrayList<>();
        try {
            pipeline.type().texts().forEach(text -> opened.add(textEncoder(text, target)));
            return joined(opened, target);
        } catch (Throwable e) { // Their memory is native, and an error may say that it is short.
            opened.forEach(TextEncoder::close);
            throw e;
        }
    }

    private TextEncoder joined(List<TextEncoder> opened, ComputeTarget target) {
        TextEncoder encoder = opened.size() == 1 && !pipeline.zeroNegative()
                ? opened.get(0)
                : new JoinedTextEncoder(
                        opened,
                        parts -> pipeline.type().joined(index, parts),
                        pipeline.zeroNegative(),
                        pipeline.type().readsEmptyPrompt(index));
        PipelineType type = pipeline.type();
        return type.priorText()
                .<TextEncoder>map(text -> new PriorTextEncoder(encoder, textEncoder(text, target)))
                .or(() -> type.absentPrompt().map(vision -> withPicture(encoder, vision, target)))
                .orElse(encoder);
    }

    /** The image encoder is closed again: it sees nothing else. */
    private TextEncoder withPicture(TextEncoder encoder, VisionPart vision, ComputeTarget target) {
        try (ImageEncoder images = new VisionParts(index).encoder(vision, target)) {
            return new AbsentPromptEncoder(encoder, images.encodeZeros().get(Tensors.IMAGE_EMBEDS));
        }
    }

    private TextEncoder textEncoder(TextPart text, ComputeTarget target) {
        Optional<Lexicon.Extension> extension = Optional.of((before, embeddings) -> extended(text, before, embeddings));
        Lexicon lexicon =
                Lexicon.of(tokenizer(index, text.tokenizer()), pipeline.type().readsOneRow());
        try {
            return index.load(
                    text.encoder(),
                    (config, weights) -> Networks.textEncoder(
                            config.json(),
                            weights,
                            text.encoder(),
                            lexicon,
                            extension.filter(words -> reads(text)),
                            text.output(),
                            target));
        } catch (Throwable e) {
            lexicon.close();
            throw e;
        }
    }

    private boolean reads(TextPart text) {
        return readEmbeddings && pipeline.type().texts().contains(text);
    }

    private Lexicon extended(TextPart text, Lexicon lexicon, Collection<Embedding> embeddings) {
        ComponentConfig config = index.config(text.encoder());
        Inversions inversions = new Inversions(text.encoder(), config.count("vocab_size"), List.copyOf(embeddings));
        Path home = index.home(text.tokenizer());
        return lexicon.with(
                inversions,
                words -> Tokenizers.extended(
                        home,
                        index.source().vocabulary(home),
                        index.classOf(text.tokenizer()),
                        length(text, config),
                        inversions.all(),
                        words));
    }

    /** The widths of the text encoders that embeddings may add words to: those of CLIP, where there are no others. */
    static Map<String, Integer> widths(PipelineIndex index) {
        Map<String, Integer> widths = new LinkedHashMap<>();
        for (TextPart text : index.type().texts()) {
            if (!index.classOf(text.tokenizer()).startsWith("CLIP")) {
                return Map.of();
            }
            widths.put(text.encoder(), index.config(text.encoder()).count("hidden_size"));
        }
        return widths;
    }

    static Stream<TextPart> texts(PipelineIndex index) {
        return Stream.concat(index.type().texts().stream(), index.type().priorText().stream());
    }

    /** @param component the tokenizer's folder */
    static Tokenizer tokenizer(PipelineIndex index, String component) {
        TextPart part = texts(index)
                .filter(text -> text.tokenizer().equals(component))
                .findFirst()
                .orElseThrow();
        ComponentConfig config = index.config(part.encoder());
        Path home = index.home(component);
        Tokenizer tokenizer = Tokenizers.open(
                home,
                index.source().vocabulary(home),
                index.classOf(component),
                length(part, config),
                part.length().isPresent(),
                config.count("vocab_size"));
        return part.cleans() ? new CleaningTokenizer(tokenizer) : tokenizer;
    }

    private static int length(TextPart text, ComponentConfig config) {
        return text.length().orElseGet(() -> config.count("max_position_embeddings"));
    }
}
