package dev.weir.bench.cluster;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * A job request. The same request gives the same images.
 *
 * @param images with the seeds {@code seed}, {@code seed + 1}, …
 */
public record JobRequest(String prompt, long seed, int steps, String sampler, double guidance, int images) {

    private static final int PARTIAL_IMAGES = 3;

    String body() {
        return json().toString();
    }

    /** The same as a stream with partial images. */
    String streamedBody() {
        return json().put("stream", true).put("partial_images", PARTIAL_IMAGES).toString();
    }

    private ObjectNode json() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("prompt", prompt)
                .put("seed", seed)
                .put("num_inference_steps", steps)
                .put("sampler", sampler)
                .put("guidance_scale", guidance)
                .put("n", images);
    }
}
