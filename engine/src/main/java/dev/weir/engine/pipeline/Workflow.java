package dev.weir.engine.pipeline;

import java.util.List;

/**
 * One way to make a picture with a model: its stages, in their order.
 *
 * @param name unique within the model
 * @param fields that requests may have besides those that every workflow takes
 */
public record Workflow(String name, List<Field> fields, Sizes sizes, List<StageSpec> stages) {

    static final String TEXT_TO_IMAGE = "text_to_image";
    static final String IMAGE_TO_IMAGE = "image_to_image";
    static final String INPAINTING = "inpainting";
    /** The part of a picture that the mask marks is painted at the full size, and put back into the picture. */
    static final String INPAINTING_CROP = "inpainting_crop";
}
