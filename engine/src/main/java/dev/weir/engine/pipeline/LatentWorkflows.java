package dev.weir.engine.pipeline;

import java.util.ArrayList;
import java.util.List;

/**
 * What a model of latents does: text to image, image to image and inpainting with the same weights, or inpainting alone where its
 * network sees a mask.
 *
 * @param strength of image-to-image, for requests that name none
 * @param inpaintingStrength the same of inpainting
 */
record LatentWorkflows(
        StageSpec encode, StageSpec diffuse, StageSpec decode, double strength, double inpaintingStrength) {

    private static final String MASK = "mask";

    /** @param fields of text to image */
    List<Workflow> of(LatentModel model, List<Field> fields, Sizes sizes) {
        if (model.paintsParts()) {
            return List.of(painting(fields, Field.of(MASK), sizes), paintingCrop(fields, Field.of(MASK), sizes));
        }
        return ofSampleAlone(fields, sizes);
    }

    /** The same of a network that sees nothing beside its sample. */
    List<Workflow> ofSampleAlone(List<Field> fields, Sizes sizes) {
        return List.of(
                new Workflow(Workflow.TEXT_TO_IMAGE, List.copyOf(fields), sizes, List.of(encode, diffuse, decode)),
                ofPicture(Workflow.IMAGE_TO_IMAGE, with(fields, Field.strength(strength)), sizes, decode),
                painting(fields, Field.needed(MASK), sizes),
                paintingCrop(fields, Field.needed(MASK), sizes));
    }

    private Workflow painting(List<Field> fields, Field mask, Sizes sizes) {
        return ofPicture(Workflow.INPAINTING, painted(fields, mask), sizes, decode);
    }

    /** The decoder puts what was painted back into the picture, so it takes the picture and the mask too. */
    private Workflow paintingCrop(List<Field> fields, Field mask, Sizes sizes) {
        return ofPicture(
                Workflow.INPAINTING_CROP,
                with(painted(fields, mask), Field.paddingMaskCrop()),
                sizes,
                decode.taking(Port.INIT_IMAGE).taking(Port.MASK));
    }

    private List<Field> painted(List<Field> fields, Field mask) {
        return with(fields, mask, Field.strength(inpaintingStrength), Field.maskBlur(), Field.maskedContent());
    }

    private Workflow ofPicture(String name, List<Field> fields, Sizes sizes, StageSpec last) {
        List<StageSpec> stages =
                List.of(encode, StageSpec.see(decode.components().get(0), Port.MASK), diffuse.taking(Port.IMAGE), last);
        return new Workflow(name, with(fields, Field.needed(Field.INIT_IMAGE)), sizes, stages);
    }

    private static List<Field> with(List<Field> fields, Field... more) {
        List<Field> all = new ArrayList<>(fields);
        all.addAll(List.of(more));
        return List.copyOf(all);
    }
}
