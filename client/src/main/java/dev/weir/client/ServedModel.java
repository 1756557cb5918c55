package dev.weir.client;

import java.util.List;

/**
 * A model that the cluster serves.
 *
 * @param ready whether every stage of the model has a live node
 * @param nativeSize the side of the default image, in pixels
 * @param sizeMultiple both sides of an image must be multiples of it
 * @param upsampleFactor beyond the native size, images are made so many times smaller and then enlarged; 1: never
 */
public record ServedModel(
        String id,
        boolean ready,
        int nativeSize,
        int minSize,
        int maxSize,
        int sizeMultiple,
        int upsampleFactor,
        List<String> samplers,
        String defaultSampler,
        int defaultSteps,
        int defaultUpsamplerSteps,
        int maxSteps,
        double defaultGuidanceScale) {

    record Listing(List<ServedModel> data) {}
}
