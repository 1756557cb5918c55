package dev.weir.engine.pipeline;

/**
 * The network of a pipeline that sees pictures as CLIP does.
 *
 * @param encoder its folder
 * @param processor the folder of what prepares its pictures
 */
public record VisionPart(String encoder, String processor) {}
