package dev.weir.engine.pipeline;

import java.util.Optional;

/**
 * The network of a pipeline that sees pictures as CLIP does.
 *
 * @param encoder its folder
 * @param processor the folder of what prepares its pictures
 * @param noise what adds noise to its embeddings; empty where nothing does
 */
public record VisionPart(String encoder, String processor, Optional<Noise> noise) {

    /**
     * @param normalizer the folder of the embeddings' mean and deviation
     * @param schedule the folder of the scheduler whose levels the noise has
     */
    public record Noise(String normalizer, String schedule) {}
}
