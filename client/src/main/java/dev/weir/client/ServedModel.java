package dev.weir.client;

import java.util.List;

/**
 * A model that the cluster serves.
 *
 * @param ready whether every stage of the model has a live node
 * @param nativeSize the side of the default image, in pixels
 * @param minSize the smallest side that a request may ask for
 * @param maxSize the largest side that a request may ask for
 * @param sizeMultiple both sides of an image must be multiples of it
 * @param sizes the sides that a request may ask for, without the upsampler and with it; empty from a gateway of an older
 *     version
 * @param upsampleFactor beyond the native size, images are made so many times smaller and then enlarged; 1: never
 */
public record ServedModel(
        String id,
        boolean ready,
        int nativeSize,
        int minSize,
        int maxSize,
        int sizeMultiple,
        List<Sizes> sizes,
        int upsampleFactor,
        List<String> samplers,
        String defaultSampler,
        int defaultSteps,
        int defaultUpsamplerSteps,
        int maxSteps,
        double defaultGuidanceScale) {

    /** @param upsampled whether images with such sides go through the upsampler */
    public record Sizes(int min, int max, int multiple, boolean upsampled) {}

    public ServedModel {
        sizes = sizes == null ? List.of() : List.copyOf(sizes);
    }

    record Listing(List<ServedModel> data) {}
}
