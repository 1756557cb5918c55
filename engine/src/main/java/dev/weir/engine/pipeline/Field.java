package dev.weir.engine.pipeline;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * A field of a request that only some workflows take.
 *
 * @param needed whether the workflow is for requests with it alone
 * @param min of a number
 * @param usual the number that counts where a request does not say it; empty: the model has its own, or none
 */
public record Field(String name, boolean needed, double min, double max, OptionalDouble usual) {

    static final String INIT_IMAGE = "init_image";

    private static final double MOST_GUIDANCE = 50;
    private static final double USUAL_IMAGE_GUIDANCE = 1.5;
    private static final double USUAL_PRIOR_STEPS = 25;
    private static final double USUAL_PRIOR_GUIDANCE = 4;
    private static final double MOST_BLUR = 64;
    private static final double MOST_PADDING = 4096;

    static Field of(String name) {
        return new Field(name, false, 0, 0, OptionalDouble.empty());
    }

    static Field needed(String name) {
        return needed(name, 0, 0);
    }

    static Field needed(String name, double min, double max) {
        return new Field(name, true, min, max, OptionalDouble.empty());
    }

    private static Field number(String name, double min, double max) {
        return new Field(name, false, min, max, OptionalDouble.empty());
    }

    /** Where in the schedule a refiner takes over; at its end: nowhere. */
    static Field refinerStart(double usual) {
        return new Field("refiner_start", false, 0.1, 1, OptionalDouble.of(usual));
    }

    /** How much a picture counts beside the prompt that edits it. */
    static Field imageGuidanceScale() {
        return new Field("image_guidance_scale", false, 0, MOST_GUIDANCE, OptionalDouble.of(USUAL_IMAGE_GUIDANCE));
    }

    /** How far a picture is changed. */
    static Field strength(double usual) {
        return new Field("strength", false, 0, 1, OptionalDouble.of(usual));
    }

    /** How much noise is added to a given picture before the network sees it. */
    static Field noiseLevel(int most, int usual) {
        return new Field("noise_level", false, 0, most, OptionalDouble.of(usual));
    }

    /** The steps of a prior. */
    static Field priorSteps(int most) {
        return new Field("prior_steps", false, 1, most, OptionalDouble.of(USUAL_PRIOR_STEPS));
    }

    /** How much the prompt counts for a prior. */
    static Field priorGuidanceScale() {
        return new Field("prior_guidance_scale", false, 0, MOST_GUIDANCE, OptionalDouble.of(USUAL_PRIOR_GUIDANCE));
    }

    /** Of models that do not make pictures alone: all others write these in any format. */
    static Field outputFormat() {
        return of("output_format");
    }

    /** The deviation of the soft edges that a mask gets. */
    static Field maskBlur() {
        return number("mask_blur", 0, MOST_BLUR);
    }

    /** What the painted part begins as. */
    static Field maskedContent() {
        return of("masked_content");
    }

    /** The pixels around what the mask marks that are painted with it at the full size. */
    static Field paddingMaskCrop() {
        return needed("padding_mask_crop", 0, MOST_PADDING);
    }

    /** Those of workflows that compare what is asked for with something else. */
    static List<Field> ofGuidance() {
        return List.of(
                guidanceScale(),
                number("guidance_rescale", 0, 1),
                number("guidance_start", 0, 1),
                number("guidance_end", 0, 1),
                of("guidance_reuse"));
    }

    /** Those of a pipeline that is not guided at scales below 1, at which classifier-free guidance has another meaning. */
    static List<Field> guidedFromOne(List<Field> fields) {
        return fields.stream()
                .map(field -> field.name().equals("guidance_scale") ? field.atLeast(1) : field)
                .toList();
    }

    /** How much the prompt counts for a network that takes the scale itself. */
    static Field guidanceScale() {
        return number("guidance_scale", 0, MOST_GUIDANCE);
    }

    Field usually(double other) {
        return new Field(name, needed, min, max, OptionalDouble.of(other));
    }

    Field atLeast(double least) {
        return new Field(name, needed, least, max, usual);
    }

    /**
     * Those of workflows that begin with a prompt.
     *
     * @param maxClipSkip how many layers of the text encoders a request may leave out; 0: it cannot
     */
    static List<Field> ofText(int maxClipSkip) {
        return ofText(needed("prompt"), maxClipSkip);
    }

    /** The same of workflows that may do without one. */
    static List<Field> ofText(Field prompt, int maxClipSkip) {
        List<Field> fields = new ArrayList<>(List.of(prompt, of("negative_prompt"), of("prompt_syntax")));
        fields.addAll(ofGuidance());
        if (maxClipSkip > 0) {
            fields.add(number("clip_skip", 0, maxClipSkip));
        }
        return fields;
    }
}
