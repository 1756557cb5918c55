package dev.weir.engine;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a user says beside the UNet's file of guided diffusion or GLIDE.
 *
 * @param classifier a file beside the UNet's, whose gradient guides it
 * @param upsampler a file beside the UNet's, which enlarges its pictures
 * @param vocabulary the folder of GLIDE's tokenizer
 * @param training of the UNet and the classifier
 * @param upsamplerTraining of the upsampler
 * @param ddim whether the model samples with DDIM where a request does not say how
 */
public record GuidedDiffusionOptions(
        Optional<Path> classifier,
        Optional<Path> upsampler,
        Optional<Path> vocabulary,
        GuidedDiffusionTraining training,
        GuidedDiffusionTraining upsamplerTraining,
        boolean ddim) {

    public static final GuidedDiffusionOptions NONE = new GuidedDiffusionOptions(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            GuidedDiffusionTraining.NONE,
            GuidedDiffusionTraining.NONE.ofUpsampler(),
            false);

    /** Throws {@link ModelException} where an upsampler is described that is not there. */
    void requireUsed() {
        if (upsampler.isEmpty() && !upsamplerTraining.equals(NONE.upsamplerTraining())) {
            throw new ModelException("options of an upsampler are given, but no --upsampler");
        }
    }

    void requireNoVocabulary() {
        if (vocabulary.isPresent()) {
            throw new ModelException("--vocabulary is for GLIDE: guided diffusion reads no text");
        }
    }

    /** The noise schedule. Throws {@link ModelException} where anything else is said. */
    Optional<String> requireScheduleAlone() {
        var alone = new GuidedDiffusionTraining(
                "", training.noiseSchedule(), OptionalInt.empty(), OptionalInt.empty(), false, OptionalInt.empty());
        var only = new GuidedDiffusionOptions(
                Optional.empty(), Optional.empty(), Optional.empty(), alone, NONE.upsamplerTraining, false);
        if (!equals(only)) {
            throw new ModelException("of these options, point-voxel diffusion takes only --noise-schedule");
        }
        return training.noiseSchedule();
    }

    /** Throws {@link ModelException} where something is said that GLIDE does not have: its files tell all but the size of other pictures. */
    void requireOfGlide() {
        requireUsed();
        if (classifier.isPresent() || ddim) {
            throw new ModelException(
                    "GLIDE has no classifier, and samples as it was published: no --classifier and no --ddim");
        }
        training.requireSizeAlone();
        upsamplerTraining.requireSizeAlone();
    }
}
