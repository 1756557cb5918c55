package dev.weir.client;

import java.util.List;

/**
 * What came of a request.
 *
 * @param job the job's id on the gateway
 * @param images in the order of their sample numbers
 * @param warnings empty unless the gateway had something to say about the request
 */
public record GenerationResult(String job, List<GeneratedImage> images, List<Warning> warnings) {

    /** The first image. */
    public GeneratedImage image() {
        return images.get(0);
    }
}
