package dev.weir.engine;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * How a network of guided diffusion was trained, as far as its file does not tell. The published ones are known by their shapes.
 *
 * @param prefix of the command's options that say it
 * @param noiseSchedule {@code linear}, {@code cosine} or, of point-voxel diffusion, {@code warm}
 * @param heads of each attention
 * @param headChannels channels of each head, in place of {@code heads}
 * @param headsTogether the repository's {@code use_new_attention_order}
 * @param imageSize pixels of the pictures that it makes each way
 */
public record GuidedDiffusionTraining(
        String prefix,
        Optional<String> noiseSchedule,
        OptionalInt heads,
        OptionalInt headChannels,
        boolean headsTogether,
        OptionalInt imageSize) {

    private static final String OF_UPSAMPLER = "upsampler-";

    public static final GuidedDiffusionTraining NONE = new GuidedDiffusionTraining(
            "", Optional.empty(), OptionalInt.empty(), OptionalInt.empty(), false, OptionalInt.empty());

    /** The same of an upsampler. */
    public GuidedDiffusionTraining ofUpsampler() {
        return new GuidedDiffusionTraining(OF_UPSAMPLER, noiseSchedule, heads, headChannels, headsTogether, imageSize);
    }

    void requireSizeAlone() {
        if (noiseSchedule.isPresent() || heads.isPresent() || headChannels.isPresent() || headsTogether) {
            throw new ModelException("the files of GLIDE say how they were trained: of these options, give only %s"
                    .formatted(option("image-size")));
        }
    }

    /** An option of the command. */
    String option(String name) {
        return "--" + prefix + name;
    }
}
