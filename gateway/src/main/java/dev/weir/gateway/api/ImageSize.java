package dev.weir.gateway.api;

import dev.weir.gateway.job.Attachment;
import dev.weir.gateway.job.Route;
import dev.weir.gateway.job.SizeRange;
import dev.weir.proto.v1.Workflow;
import java.util.List;
import java.util.Optional;

/** The size of the image that a request makes of another one, where it does not say it. Stateless. */
final class ImageSize {

    private ImageSize() {}

    /**
     * That of the image that is changed, else of the first ControlNet's. Empty if the request brings neither, if a part of it is painted, which is done at the model's own size, and where the model does
     * not look at the size.
     *
     * @throws ApiException where the image cannot be enlarged as the workflow does it, or where no size has its ratio
     */
    static Optional<int[]> of(Fields fields, List<Attachment> attachments, Workflow workflow) {
        if (workflow.getOwnSize() || fields.has("padding_mask_crop")) {
            return Optional.empty();
        }
        return named(attachments, "init_image")
                .or(() -> named(attachments, ControlImages.name(0)))
                .map(image -> Route.enlargement(workflow) > 1
                        ? enlarged(fields, image, workflow)
                        : inRatio(fields, image, workflow));
    }

    private static int[] inRatio(Fields fields, Attachment image, Workflow workflow) {
        SizeRange range = Route.range(workflow);
        return range.near(image.width(), image.height(), area(workflow))
                .orElseThrow(() -> fields.invalid(
                        "unsupported_size",
                        image.name(),
                        "has %dx%d pixels, and no size of this ratio has sides from %d to %d; say the size to stretch it"
                                .formatted(image.width(), image.height(), range.min(), range.max())));
    }

    private static Optional<Attachment> named(List<Attachment> attachments, String name) {
        return attachments.stream()
                .filter(attachment -> attachment.name().equals(name))
                .findFirst();
    }

    /** Larger images are made smaller, to about so many pixels. */
    private static double area(Workflow workflow) {
        return (double) workflow.getSizes().getDefaultWidth()
                * workflow.getSizes().getDefaultHeight();
    }

    private static int[] enlarged(Fields fields, Attachment image, Workflow workflow) {
        int factor = Route.enlargement(workflow);
        SizeRange range = Route.range(workflow);
        int[] size = {
            range.floor((long) factor * image.width()), range.floor((long) factor * image.height()),
        };
        if (!range.contains(size[0]) || !range.contains(size[1])) {
            throw fields.invalid(
                    "unsupported_size",
                    "init_image",
                    "has %dx%d pixels; images with sides from %d to %d are enlarged"
                            .formatted(
                                    image.width(),
                                    image.height(),
                                    (range.min() + factor - 1) / factor,
                                    range.max() / factor));
        }
        return size;
    }
}
