package dev.weir.engine.pipeline;

import dev.weir.engine.RgbImage;
import dev.weir.engine.UnitImage;
import dev.weir.engine.image.Bitmap;
import dev.weir.engine.image.DepthMap;
import dev.weir.engine.image.Filter;
import dev.weir.engine.image.MaskFill;
import dev.weir.engine.image.MaskRegion;
import dev.weir.engine.image.Region;
import dev.weir.engine.image.Resampler;
import dev.weir.engine.image.VaeImageProcessor;
import dev.weir.engine.image.VaeImageProcessor.Fit;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The pictures that a request brings, as they were read, and how they become the input of an autoencoder. Immutable; any thread.
 *
 * @param picture as it was read
 * @param marks white where the picture is to be painted, at the mask's own size; empty if nothing says what is
 * @param width of the picture that is made
 * @param part of the picture that is painted at the full size; empty: the whole picture is
 * @param depth how near each part of the picture is, for networks that are told it
 * @param content what the painted part begins as
 * @param exact the picture where it has numbers that bytes do not have, at the size that is made
 */
public record Sight(
        Bitmap picture,
        Optional<Bitmap> marks,
        int width,
        int height,
        Optional<Region> part,
        Optional<DepthMap> depth,
        MaskedContent content,
        Optional<UnitImage> exact) {

    /**
     * Computes the marks and the part, which take long for a large picture.
     *
     * @param mask white where the picture is to be painted. Without one, the transparent parts of the picture are painted
     * @param blur the deviation of soft edges of the mask, in pixels of the mask; 0: as it is
     * @param padding so many pixels around what the mask marks are painted at the full size; empty: the whole picture is
     */
    public static Sight of(
            Bitmap picture,
            Optional<Bitmap> mask,
            int width,
            int height,
            double blur,
            OptionalInt padding,
            Optional<DepthMap> depth) {
        Optional<Bitmap> marks = mask.map(Sight::marks)
                .or(() -> Optional.of(picture.transparency()).filter(Sight::marksAnything))
                .map(sharp -> blur > 0 ? VaeImageProcessor.blur(sharp, blur) : sharp);
        Optional<Region> part = padding.isEmpty()
                ? Optional.empty()
                : marks.map(found -> MaskRegion.of(sameSize(found, picture), width, height, padding.getAsInt()));
        return new Sight(picture, marks, width, height, part, depth, MaskedContent.ORIGINAL, Optional.empty());
    }

    /** The same with something else in the painted part. */
    public Sight with(MaskedContent other) {
        return new Sight(picture, marks, width, height, part, depth, other, exact);
    }

    /** The same with numbers that the bytes of the picture stand for. */
    public Sight with(UnitImage numbers) {
        if (numbers.width() != width || numbers.height() != height) {
            throw new IllegalArgumentException("a picture of %dx%d is not of the size %dx%d"
                    .formatted(numbers.width(), numbers.height(), width, height));
        }
        return new Sight(picture, marks, width, height, part, depth, content, Optional.of(numbers));
    }

    /** The picture and the marks at the size that is made. Takes long for a large picture. */
    PictureInput input() {
        Bitmap whole = sized(picture.rgb());
        Optional<Bitmap> painted = marks.map(this::sized);
        Bitmap begun = painted.filter(mask -> content != MaskedContent.ORIGINAL)
                .map(mask -> MaskFill.of(whole, mask))
                .orElse(whole);
        return new PictureInput(begun, painted, Optional.empty(), exact.filter(numbers -> begun.equals(whole)));
    }

    /** The whole picture alone, with another filter. */
    PictureInput input(Filter filter) {
        return PictureInput.of(Resampler.resize(picture.rgb(), width, height, filter));
    }

    /** A made picture in its place: the rest is the request's picture, at its own size, where only a part was painted. */
    public RgbImage finished(RgbImage made) {
        return part.map(place -> VaeImageProcessor.overlay(marks.orElseThrow(), picture, made, place))
                .orElse(made);
    }

    /** A mask with transparent parts marks those, as OpenAI's do; another marks what is white. */
    private static Bitmap marks(Bitmap mask) {
        Bitmap transparent = mask.transparency();
        return marksAnything(transparent) ? transparent : mask;
    }

    private static boolean marksAnything(Bitmap mask) {
        for (float value : VaeImageProcessor.mask(mask)) {
            if (value == 1) {
                return true;
            }
        }
        return false;
    }

    private static Bitmap sameSize(Bitmap marks, Bitmap picture) {
        if (marks.width() != picture.width() || marks.height() != picture.height()) {
            throw new IllegalArgumentException(
                    "mask: %dx%d pixels; with padding_mask_crop it must be as large as the image, %dx%d"
                            .formatted(marks.width(), marks.height(), picture.width(), picture.height()));
        }
        return marks;
    }

    private Bitmap sized(Bitmap bitmap) {
        return part.map(place -> VaeImageProcessor.resize(bitmap, place, width, height))
                .orElseGet(() -> VaeImageProcessor.resize(bitmap, width, height, Fit.STRETCH));
    }
}
