package dev.weir.client;

import java.util.List;

/**
 * A model that the cluster serves.
 *
 * @param ready whether every stage of the model has a live node
 * @param loaded whether some nodes have it in memory. Others load it on first use.
 * @param nativeSize the side of the default image, in pixels
 * @param minSize the smallest side that a request may ask for
 * @param maxSize the largest side that a request may ask for
 * @param sizeMultiple both sides of an image must be multiples of it
 * @param sizes the sides that a request may ask for, without the upsampler and with it; empty from a gateway of an older
 *     version
 * @param workflows what the model does; empty from a gateway of an older version
 * @param previewGrades how frames can be decoded, the cheapest first, as {@code latent_rgb}; empty from a gateway of an older version
 * @param loras that a request may name; empty from a gateway of an older version
 * @param upsampleFactor beyond the native size, images are made so many times smaller and then enlarged; 1: never
 */
public record ServedModel(
        String id,
        boolean ready,
        boolean loaded,
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
        double defaultGuidanceScale,
        List<Workflow> workflows,
        List<String> previewGrades,
        List<String> loras) {

    /** @param upsampled whether images with such sides go through the upsampler */
    public record Sizes(int min, int max, int multiple, boolean upsampled) {}

    /**
     * One way to make a picture.
     *
     * @param fields that a request may have for it, besides those that all workflows take
     * @param enlarges by how much it enlarges the image that a request brings; 1: it makes one of its own size
     */
    public record Workflow(String name, List<Field> fields, int enlarges) {

        public Workflow {
            fields = fields == null ? List.of() : List.copyOf(fields);
            // A gateway of an older version does not say.
            enlarges = Math.max(1, enlarges);
        }
    }

    /**
     * A field of a request.
     *
     * @param required whether this workflow needs it
     * @param min of a number; null: none
     * @param max of a number; null: none
     */
    public record Field(String name, boolean required, Double min, Double max) {}

    /** Whether a request to this model may have a field, such as {@code prompt} or {@code class_label}. */
    public boolean takes(String field) {
        return workflows.isEmpty()
                || workflows.stream()
                        .flatMap(workflow -> workflow.fields().stream())
                        .anyMatch(known -> known.name().equals(field));
    }

    public ServedModel {
        workflows = workflows == null ? List.of() : List.copyOf(workflows);
        loras = loras == null ? List.of() : List.copyOf(loras);
        previewGrades = previewGrades == null ? List.of() : List.copyOf(previewGrades);
        sizes = sizes == null ? List.of() : List.copyOf(sizes);
    }

    record Listing(List<ServedModel> data) {}
}
