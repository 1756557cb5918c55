package dev.weir.gateway.job;

import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.StageKind;
import java.util.List;

/** Which stages an image of a given size passes, and which sizes a model supports. */
public final class Route {

    static final List<StageKind> NATIVE = List.of(StageKind.TEXT_ENCODER, StageKind.DENOISER, StageKind.DECODER);
    private static final List<StageKind> CASCADE =
            List.of(StageKind.TEXT_ENCODER, StageKind.DENOISER, StageKind.UPSAMPLER, StageKind.DECODER);

    private Route() {}

    /** A side above the native size goes through the upsampler, if the model has one. */
    public static List<StageKind> of(ModelCard card, int width, int height) {
        return isCascade(card, width, height) ? CASCADE : NATIVE;
    }

    /** Whether the model supports this size. */
    public static boolean fits(ModelCard card, int width, int height) {
        List<SizeRange> ranges = ranges(card);
        SizeRange range = ranges.get(isCascade(card, width, height) ? 1 : 0);
        return range.contains(width) && range.contains(height);
    }

    /**
     * The sides that a request may ask for: without the upsampler, and with it if the model has one. The denoiser's image
     * is smaller than an upsampled one by the upsampler's factor.
     */
    public static List<SizeRange> ranges(ModelCard card) {
        int multiple = Math.max(1, card.getSizeMultiple());
        int factor = card.getUpsampleFactor();
        if (factor <= 1) {
            return List.of(new SizeRange(card.getMinSize(), card.getMaxSize(), multiple, false));
        }
        return List.of(
                new SizeRange(card.getMinSize(), card.getNativeSize(), multiple, false),
                new SizeRange(card.getMinSize() * factor, card.getMaxSize() * factor, multiple * factor, true));
    }

    /** The same in words. */
    public static String sizes(ModelCard card) {
        List<SizeRange> ranges = ranges(card);
        String base = "sides must be " + words(ranges.get(0));
        return ranges.size() == 1
                ? base
                : "%s; with a side past %d, %s".formatted(base, card.getNativeSize(), words(ranges.get(1)));
    }

    private static String words(SizeRange range) {
        return "multiples of %d from %d to %d".formatted(range.multiple(), range.min(), range.max());
    }

    /**
     * Where a sample that continues at a position enters its route: diffusion stages need the text encoder's states.
     */
    static int entry(List<StageKind> route, int position) {
        return route.get(position) == StageKind.DECODER ? position : 0;
    }

    private static boolean isCascade(ModelCard card, int width, int height) {
        return card.getUpsampleFactor() > 1 && Math.max(width, height) > card.getNativeSize();
    }
}
