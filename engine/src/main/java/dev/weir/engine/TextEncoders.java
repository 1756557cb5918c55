package dev.weir.engine;

import dev.weir.engine.inversion.Embedding;
import dev.weir.engine.inversion.Inversions;
import dev.weir.engine.network.Networks;
import dev.weir.engine.pipeline.JoinedTextEncoder;
import dev.weir.engine.pipeline.Pipeline;
import dev.weir.engine.pipeline.PriorTextEncoder;
import dev.weir.engine.pipeline.TextPart;
import dev.weir.engine.prompt.Lexicon;
import dev.weir.engine.tokenizer.Tokenizer;
import dev.weir.engine.tokenizer.Tokenizers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Opens the text encoders of a model as one, with their tokenizers. Immutable; any thread.
 *
 * @param embeddings whose words they read
 */
record TextEncoders(PipelineIndex index, Pipeline pipeline, Collection<Embedding> embeddings) {

    TextEncoder open(ComputeTarget target) {
        List<TextEncoder> opened = new ArrayList<>();
        try {
            pipeline.type().texts().forEach(text -> opened.add(textEncoder(text, target)));
        } catch (RuntimeException e) {
            opened.forEach(TextEncoder::close);
            throw e;
        }
        TextEncoder encoder = opened.size() == 1 && !pipeline.zeroNegative()
                ? opened.get(0)
                : new JoinedTextEncoder(
                        opened, pipeline.zeroNegative(), pipeline.type().readsEmptyPrompt(index));
        return pipeline.type()
                .priorText()
                .<TextEncoder>map(text -> besidePriors(encoder, text, target))
                .orElse(encoder);
    }

    private TextEncoder besidePriors(TextEncoder encoder, TextPart text, ComputeTarget target) {
        try {
            return new PriorTextEncoder(encoder, textEncoder(text, target));
        } catch (RuntimeException e) {
            encoder.close();
            throw e;
        }
    }

    private TextEncoder textEncoder(TextPart text, ComputeTarget target) {
        Inversions inversions = inversions(text);
        Lexicon lexicon = lexicon(text, inversions);
        try {
            return index.load(
                    text.encoder(),
                    (config, weights) -> Networks.textEncoder(
                            inversions.isEmpty() ? config.json() : inversions.extended(config.json()),
                            inversions.isEmpty() ? weights : inversions.extended(weights),
                            text.encoder(),
                            lexicon,
                            text.output(),
                            target));
        } catch (RuntimeException e) {
            lexicon.close();
            throw e;
        }
    }

    private Inversions inversions(TextPart text) {
        boolean takesThem = pipeline.type().texts().contains(text);
        return Inversions.of(text.encoder(), index.config(text.encoder()).json(), takesThem ? embeddings : List.of());
    }

    private Lexicon lexicon(TextPart text, Inversions inversions) {
        Tokenizer tokenizer = tokenizer(index, text.tokenizer());
        if (inversions.isEmpty()) {
            return Lexicon.of(tokenizer);
        }
        Path home = index.home(text.tokenizer());
        return Lexicon.of(
                tokenizer,
                inversions,
                words -> Tokenizers.extended(
                        home,
                        index.source().vocabulary(home),
                        index.classOf(text.tokenizer()),
                        index.config(text.encoder()).count("max_position_embeddings"),
                        inversions.all(),
                        words));
    }

    /** The widths of the text encoders that embeddings may add words to: those of CLIP. */
    static Map<String, Integer> widths(PipelineIndex index) {
        Map<String, Integer> widths = new LinkedHashMap<>();
        for (TextPart text : index.type().texts()) {
            ComponentConfig config = index.config(text.encoder());
            if (index.classOf(text.tokenizer()).startsWith("CLIP")) {
                widths.put(text.encoder(), config.count("hidden_size"));
            }
        }
        return widths;
    }

    static Stream<TextPart> texts(PipelineIndex index) {
        return Stream.concat(index.type().texts().stream(), index.type().priorText().stream());
    }

    /** @param component the tokenizer's folder */
    static Tokenizer tokenizer(PipelineIndex index, String component) {
        String encoder = texts(index)
                .filter(text -> text.tokenizer().equals(component))
                .map(TextPart::encoder)
                .findFirst()
                .orElseThrow();
        ComponentConfig config = index.config(encoder);
        Path home = index.home(component);
        return Tokenizers.open(
                home,
                index.source().vocabulary(home),
                index.classOf(component),
                config.count("max_position_embeddings"),
                config.count("vocab_size"));
    }
}
