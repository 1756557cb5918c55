package dev.weir.engine.pipeline;

import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

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
    static final String UPSCALING = "upscaling";
    static final String IMAGE_EDITING = "image_editing";
    /** The part of a picture that the mask marks is painted at the full size, and put back into the picture. */
    static final String INPAINTING_CROP = "inpainting_crop";

    static final String IMAGE_VARIATION = "image_variation";

    /** The same without some of its fields. */
    Workflow without(Set<String> names) {
        return new Workflow(
                name,
                fields.stream().filter(field -> !names.contains(field.name())).toList(),
                sizes,
                stages);
    }

    Workflow with(Field field) {
        List<Field> more = Stream.concat(fields.stream(), Stream.of(field)).toList();
        return new Workflow(name, more, sizes, stages);
    }

    Workflow named(String other) {
        return new Workflow(other, fields, sizes, stages);
    }

    /** The same with other diffusing stages. */
    Workflow diffusing(UnaryOperator<StageSpec> change) {
        return new Workflow(
                name,
                fields,
                sizes,
                stages.stream()
                        .map(stage -> stage.role() == Role.DIFFUSE ? change.apply(stage) : stage)
                        .toList());
    }
}
