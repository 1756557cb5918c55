package dev.weir.engine;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/** Original files of GLIDE with the numbers that the reference had. */
final class GlideFiles {

    private GlideFiles() {}

    /** The file of a network of the reference, in a folder. */
    static Path write(Path folder, String network) {
        return NamedNumbers.write(folder, "glide/networks.json", network, network + "/");
    }

    static Path vocabulary() {
        return ReferenceFile.path("glide/tokenizer");
    }

    /** Of pictures of 8 pixels, which the upsampler enlarges to 16. */
    static GuidedDiffusionOptions options(Optional<Path> upsampler) {
        return new GuidedDiffusionOptions(
                Optional.empty(),
                upsampler,
                Optional.of(vocabulary()),
                size(8),
                upsampler.isPresent() ? size(16).ofUpsampler() : GuidedDiffusionOptions.NONE.upsamplerTraining(),
                false);
    }

    private static GuidedDiffusionTraining size(int side) {
        return new GuidedDiffusionTraining(
                "", Optional.empty(), OptionalInt.empty(), OptionalInt.empty(), false, OptionalInt.of(side));
    }

    static ModelFolder model(Path folder) {
        Path out = folder.resolve("glide");
        Conversion.of(write(folder, "base"), out, false, options(Optional.of(write(folder, "upsampler"))))
                .write(bytes -> {});
        return ModelFolder.open(out);
    }
}
