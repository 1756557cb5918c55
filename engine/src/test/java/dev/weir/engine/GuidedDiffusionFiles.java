package dev.weir.engine;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/** Original files of guided diffusion with the numbers that the reference had, and what a user says of them. */
final class GuidedDiffusionFiles {

    private GuidedDiffusionFiles() {}

    /** The file of a network of the reference, in a folder. */
    static Path write(Path folder, String network) {
        return NamedNumbers.write(folder, "adm/networks.json", network, "");
    }

    /** What a user says of a file of the reference, which is no published one, and of the upsampler. */
    static GuidedDiffusionOptions options(String network, String schedule, Optional<Path> classifier, boolean ddim) {
        return new GuidedDiffusionOptions(
                classifier,
                Optional.empty(),
                Optional.empty(),
                training(network, schedule),
                GuidedDiffusionOptions.NONE.upsamplerTraining(),
                ddim);
    }

    static GuidedDiffusionTraining training(String network, String schedule) {
        boolean isUpsampler = network.equals("upsampler");
        return new GuidedDiffusionTraining(
                "",
                Optional.of(schedule),
                isUpsampler ? OptionalInt.of(2) : OptionalInt.empty(),
                isUpsampler ? OptionalInt.empty() : OptionalInt.of(16),
                network.equals("base"),
                OptionalInt.of(16));
    }

    /** A base that makes pictures half as large as its upsampler's. */
    static GuidedDiffusionOptions cascade(Path upsampler, boolean ddim) {
        GuidedDiffusionTraining base = training("base", "cosine");
        return new GuidedDiffusionOptions(
                Optional.empty(),
                Optional.of(upsampler),
                Optional.empty(),
                new GuidedDiffusionTraining(
                        "",
                        base.noiseSchedule(),
                        base.heads(),
                        base.headChannels(),
                        base.headsTogether(),
                        OptionalInt.of(8)),
                training("upsampler", "linear").ofUpsampler(),
                ddim);
    }
}
