package dev.weir.cli;

import dev.weir.engine.GuidedDiffusionOptions;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** What a user says of the original files of guided diffusion, in the words of its repository where it has some. */
final class GuidedDiffusionFlags {

    /** Named as the repository's values. */
    enum NoiseSchedule {
        linear,
        cosine
    }

    @Option(
            names = "--classifier",
            paramLabel = "FILE",
            description = "A classifier of noisy pictures, whose gradient guides.")
    private Optional<Path> classifier = Optional.empty();

    @Option(names = "--ddim", description = "Sample with DDIM where a request names no sampler; else with DDPM.")
    private boolean ddim;

    @Option(
            names = "--noise-schedule",
            paramLabel = "NAME",
            description = "linear or cosine. Files that were not published need it.")
    private Optional<NoiseSchedule> noiseSchedule = Optional.empty();

    @Option(
            names = "--num-head-channels",
            paramLabel = "N",
            description = "Channels of a head of attention. Such files need it, or the next.")
    private Optional<Integer> headChannels = Optional.empty();

    @Option(names = "--num-heads", paramLabel = "N", description = "Heads of each attention.")
    private Optional<Integer> heads = Optional.empty();

    @Option(names = "--use-new-attention-order", description = "As the file was trained.")
    private boolean headsTogether;

    @Option(
            names = "--image-size",
            paramLabel = "N",
            description = "Pixels each way, where the first attention does not see 32.")
    private Optional<Integer> imageSize = Optional.empty();

    GuidedDiffusionOptions options() {
        return new GuidedDiffusionOptions(
                classifier,
                noiseSchedule.map(Enum::name),
                number(heads),
                number(headChannels),
                headsTogether,
                number(imageSize),
                ddim);
    }

    private static OptionalInt number(Optional<Integer> value) {
        return value.stream().mapToInt(Integer::intValue).findFirst();
    }
}
