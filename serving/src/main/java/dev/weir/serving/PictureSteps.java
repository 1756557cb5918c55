package dev.weir.serving;

import dev.weir.engine.image.Bitmap;
import dev.weir.engine.image.Filter;
import dev.weir.engine.image.Region;
import dev.weir.engine.image.Resampler;
import dev.weir.proto.v1.Resizing;
import dev.weir.proto.v1.Size;
import java.util.Arrays;

/** Pictures of requests that are cut and resized, one step after the other. Stateless; any thread. */
public final class PictureSteps {

    private PictureSteps() {}

    /**
     * Throws an IllegalArgumentException that names what is wrong.
     *
     * @param picture without alpha
     */
    public static Bitmap of(Bitmap picture, Resizing resizing) {
        Bitmap made = picture;
        for (Resizing.Step step : resizing.getStepsList()) {
            made = step.hasPart() ? part(made, step.getPart()) : made;
            if (step.hasSize()) {
                Size size = step.getSize();
                made = Resampler.resize(made, size.getWidth(), size.getHeight(), filter(step.getFilter()));
            }
        }
        return made;
    }

    private static Bitmap part(Bitmap picture, Resizing.Part part) {
        int right = part.getLeft() + part.getSize().getWidth();
        int bottom = part.getTop() + part.getSize().getHeight();
        if (part.getSize().getWidth() < 1 || part.getSize().getHeight() < 1) {
            throw new IllegalArgumentException("a part of a picture has at least one pixel");
        }
        if (right > picture.width() || bottom > picture.height()) {
            throw new IllegalArgumentException("a picture of %dx%d has no part up to %d, %d"
                    .formatted(picture.width(), picture.height(), right, bottom));
        }
        return picture.crop(new Region(part.getLeft(), part.getTop(), right, bottom));
    }

    private static Filter filter(String name) {
        return Arrays.stream(Filter.values())
                .filter(filter -> filter.name().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("pictures are not resized by \"%s\"".formatted(name)));
    }
}
