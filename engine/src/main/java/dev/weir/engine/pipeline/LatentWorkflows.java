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
            return List.of(painting(fields, Field.of(MASK), sizes));
        }
        return List.of(
                new Workflow(Workflow.TEXT_TO_IMAGE, List.copyOf(fields), sizes, List.of(encode, diffuse, decode)),
                ofPicture(Workflow.IMAGE_TO_IMAGE, with(fields, Field.strength(strength)), sizes),
                painting(fields, Field.needed(MASK), sizes));
    }

    private Workflow painting(List<Field> fields, Field mask, Sizes sizes) {
        return ofPicture(Workflow.INPAINTING, with(fields, mask, Field.strength(inpaintingStrength)), sizes);
    }

    private Workflow ofPicture(String name, List<Field> fields, Sizes sizes) {
        List<StageSpec> stages =
                List.of(encode, StageSpec.see(decode.components().get(0)), diffuse.taking(Port.IMAGE), decode);
        return new Workflow(name, with(fields, Field.needed("init_image")), sizes, stages);
    }

    private static List<Field> with(List<Field> fields, Field... more) {
        List<Field> all = new ArrayList<>(fields);
        all.addAll(List.of(more));
        return List.copyOf(all);
    }
}
