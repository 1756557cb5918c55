package dev.weir.engine.pipeline;

import dev.weir.engine.network.ClipOutput;
import java.util.OptionalInt;

/**
 * A text encoder of a pipeline.
 *
 * @param encoder its folder
 * @param tokenizer its tokenizer's folder
 * @param output which states the denoiser sees
 * @param length the most tokens of a text; empty: as many as the encoder has positions
 * @param cleans whether it reads texts as captions that were cleaned
 */
public record TextPart(String encoder, String tokenizer, ClipOutput output, OptionalInt length, boolean cleans) {

    TextPart(String encoder, String tokenizer, ClipOutput output) {
        this(encoder, tokenizer, output, OptionalInt.empty());
    }

    TextPart(String encoder, String tokenizer, ClipOutput output, OptionalInt length) {
        this(encoder, tokenizer, output, length, false);
    }
}
