package dev.weir.engine.pipeline;

import dev.weir.engine.diffusion.GuidanceInterval;
import java.util.OptionalInt;

/**
 * What a request says that the start of a sample depends on.
 *
 * @param width of the picture in pixels
 * @param guidance the steps that are guided
 * @param originalWidth of the picture that the made one stands for, which some networks are told
 * @param cropTop where the made picture lies in it
 * @param classLabel of the picture, for networks that are told one
 * @param noiseLevel of a given picture, for networks that are told one
 * @param strength how far a given picture is changed, 0 to 1
 * @param imageGuidanceScale how much a given picture counts beside the prompt that edits it; 1 for models that edit none
 * @param maskedContent what the painted part of a given picture begins as
 * @param scores of beauty, for networks that are told some
 */
public record Request(
        int width,
        int height,
        float guidanceScale,
        float guidanceRescale,
        GuidanceInterval guidance,
        int originalWidth,
        int originalHeight,
        int cropTop,
        int cropLeft,
        OptionalInt classLabel,
        OptionalInt noiseLevel,
        double strength,
        float imageGuidanceScale,
        MaskedContent maskedContent,
        AestheticScores scores) {

    /** The same for a given picture, whose masked content is the original. */
    public Request changing(double newStrength) {
        return changing(newStrength, MaskedContent.ORIGINAL);
    }

    /** The same for a given picture. */
    public Request changing(double newStrength, MaskedContent newContent) {
        return new Request(
                width,
                height,
                guidanceScale,
                guidanceRescale,
                guidance,
                originalWidth,
                originalHeight,
                cropTop,
                cropLeft,
                classLabel,
                noiseLevel,
                newStrength,
                imageGuidanceScale,
                newContent,
                scores);
    }

    /** A picture that stands for itself. */
    public static Request of(int width, int height, float guidanceScale) {
        return new Request(
                width,
                height,
                guidanceScale,
                0,
                GuidanceInterval.WHOLE,
                width,
                height,
                0,
                0,
                OptionalInt.empty(),
                OptionalInt.empty(),
                1,
                1,
                MaskedContent.ORIGINAL,
                AestheticScores.USUAL);
    }
}
