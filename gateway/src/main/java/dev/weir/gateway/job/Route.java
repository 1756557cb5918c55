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

    /**
     * Whether the model supports this size. The denoiser's image is smaller than the final one by the upsampler's
     * factor.
     */
    public static boolean fits(ModelCard card, int width, int height) {
        int factor = isCascade(card, width, height) ? card.getUpsampleFactor() : 1;
        return fitsSide(card, width, factor) && fitsSide(card, height, factor);
    }

    /** The supported sizes, in words. */
    public static String sizes(ModelCard card) {
        String base = "sides must be multiples of %d from %d to %d"
                .formatted(
                        card.getSizeMultiple(),
                        card.getMinSize(),
                        card.getUpsampleFactor() > 1 ? card.getNativeSize() : card.getMaxSize());
        if (card.getUpsampleFactor() <= 1) {
            return base;
        }
        int factor = card.getUpsampleFactor();
        return base
                + "; with a side past %d, multiples of %d from %d to %d"
                        .formatted(
                                card.getNativeSize(),
                                card.getSizeMultiple() * factor,
                                card.getMinSize() * factor,
                                card.getMaxSize() * factor);
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

    private static boolean fitsSide(ModelCard card, int side, int factor) {
        int multiple = Math.max(1, card.getSizeMultiple()) * factor;
        return side % multiple == 0 && side >= card.getMinSize() * factor && side <= card.getMaxSize() * factor;
    }
}
