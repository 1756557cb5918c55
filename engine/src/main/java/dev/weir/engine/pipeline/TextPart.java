package dev.weir.engine.pipeline;

import dev.weir.engine.network.ClipOutput;

/**
 * A text encoder of a pipeline.
 *
 * @param encoder its folder
 * @param tokenizer its tokenizer's folder
 * @param output which states the denoiser sees
 */
public record TextPart(String encoder, String tokenizer, ClipOutput output) {}
