package dev.weir.cli;

import dev.weir.engine.GuidedDiffusionOptions;
import dev.weir.engine.GuidedDiffusionTraining;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** What a user says of the original files of guided diffusion, GLIDE and point-voxel diffusion, in the words of their repositories where these have some. */
final class GuidedDiffusionFlags {

    /** Named as the repositories' values, but for the last. */
    enum NoiseSchedule {
        linear,
        cosine,
        /** Of the aeroplanes of point-voxel diffusion, {@code warm0.1} in its repository. */
        warm
    }

    @Option(
            names = "--classifier",
            paramLabel = "FILE",
            description = "A classifier of noisy pictures, whose gradient guides.")
    private Optional<Path> classifier = Optional.empty();

    @Option(names = "--upsampler", paramLabel = "FILE", description = "An upsampler, which enlarges the UNet's images.")
    private Optional<Path> upsampler = Optional.empty();

    @Option(
            names = "--vocabulary",
            paramLabel = "DIR",
            description =
                    "The folder of GLIDE's tokenizer: encoder.json.gz and vocab.bpe.gz, or vocab.json and merges.txt.")
    private Optional<Path> vocabulary = Optional.empty();

    @Option(names = "--ddim", description = "Sample with DDIM where a request names no sampler; else with DDPM.")
    private boolean ddim;

    @Option(
            names = "--noise-schedule",
            paramLabel = "NAME",
            description =
                    "linear or cosine, which files need that were not published. All files of point-voxel diffusion "
                            + "need it: linear, or warm (the repository's warm0.1) for aeroplanes.")
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

    @Option(
            names = "--upsampler-noise-schedule",
            paramLabel = "NAME",
            description = "As --noise-schedule, of the upsampler.")
    private Optional<NoiseSchedule> upsamplerNoiseSchedule = Optional.empty();

    @Option(
            names = "--upsampler-num-head-channels",
            paramLabel = "N",
            description = "As --num-head-channels, of the upsampler.")
    private Optional<Integer> upsamplerHeadChannels = Optional.empty();

    @Option(names = "--upsampler-num-heads", paramLabel = "N", description = "As --num-heads, of the upsampler.")
    private Optional<Integer> upsamplerHeads = Optional.empty();

    @Option(names = "--upsampler-use-new-attention-order", description = "As the upsampler was trained.")
    private boolean upsamplerHeadsTogether;

    @Option(names = "--upsampler-image-size", paramLabel = "N", description = "As --image-size, of the upsampler.")
    private Optional<Integer> upsamplerImageSize = Optional.empty();

    GuidedDiffusionOptions options() {
        return new GuidedDiffusionOptions(
                classifier,
                upsampler,
                vocabulary,
                training(noiseSchedule, heads, headChannels, headsTogether, imageSize),
                training(
                                upsamplerNoiseSchedule,
                                upsamplerHeads,
                                upsamplerHeadChannels,
                                upsamplerHeadsTogether,
                                upsamplerImageSize)
                        .ofUpsampler(),
                ddim);
    }

    private static GuidedDiffusionTraining training(
            Optional<NoiseSchedule> noiseSchedule,
            Optional<Integer> heads,
            Optional<Integer> headChannels,
            boolean headsTogether,
            Optional<Integer> imageSize) {
        return new GuidedDiffusionTraining(
                "",
                noiseSchedule.map(Enum::name),
                number(heads),
                number(headChannels),
                headsTogether,
                number(imageSize));
    }

    private static OptionalInt number(Optional<Integer> value) {
        return value.stream().mapToInt(Integer::intValue).findFirst();
    }
}
