package dev.weir.engine.pipeline;

import java.util.ArrayList;
import java.util.List;

/**
 * A field of a request that only some workflows take.
 *
 * @param needed whether the workflow is for requests with it alone
 * @param min of a number
 */
public record Field(String name, boolean needed, double min, double max) {

    private static final double MOST_GUIDANCE = 50;

    static Field of(String name) {
        return new Field(name, false, 0, 0);
    }

    /**
     * Those of workflows that begin with a prompt.
     *
     * @param maxClipSkip how many layers of the text encoders a request may leave out; 0: it cannot
     */
    static List<Field> ofText(int maxClipSkip) {
        List<Field> fields = new ArrayList<>(List.of(
                new Field("prompt", true, 0, 0),
                of("negative_prompt"),
                new Field("guidance_scale", false, 0, MOST_GUIDANCE),
                new Field("guidance_rescale", false, 0, 1)));
        if (maxClipSkip > 0) {
            fields.add(new Field("clip_skip", false, 0, maxClipSkip));
        }
        return fields;
    }
}
