package dev.weir.engine;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a user says of files of guided diffusion that they do not tell. The published ones are known by their shapes.
 *
 * @param classifier a file beside the UNet's, whose gradient guides it
 * @param noiseSchedule {@code linear} or {@code cosine}
 * @param heads of each attention
 * @param headChannels channels of each head, in place of {@code heads}
 * @param headsTogether the repository's {@code use_new_attention_order}
 * @param imageSize pixels of the pictures each way
 * @param ddim whether the model samples with DDIM where a request does not say how
 */
public record GuidedDiffusionOptions(
        Optional<Path> classifier,
        Optional<String> noiseSchedule,
        OptionalInt heads,
        OptionalInt headChannels,
        boolean headsTogether,
        OptionalInt imageSize,
        boolean ddim) {

    public static final GuidedDiffusionOptions NONE = new GuidedDiffusionOptions(
            Optional.empty(),
            Optional.empty(),
            OptionalInt.empty(),
            OptionalInt.empty(),
            false,
            OptionalInt.empty(),
            false);
}
