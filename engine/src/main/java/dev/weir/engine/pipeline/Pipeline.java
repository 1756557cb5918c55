package dev.weir.engine.pipeline;

import dev.weir.engine.LatentShape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What a model folder's pipeline is, read from its configurations.
 *
 * @param latent of a picture of the native size
 * @param scale picture pixels per latent pixel each way
 * @param sizes of the first diffusion's picture
 * @param upsampleFactor by how much later stages enlarge it
 * @param guidanceScale for requests that name none
 * @param zeroNegative whether a negative prompt that a request does not give has states of zeros
 */
public record Pipeline(
        PipelineType type,
        LatentShape latent,
        int scale,
        Sizes sizes,
        int upsampleFactor,
        float guidanceScale,
        boolean zeroNegative,
        List<Workflow> workflows) {

    /** The same of a family that does something else with the parts. */
    Pipeline of(PipelineType other, float usualGuidance, List<Workflow> own) {
        return new Pipeline(other, latent, scale, sizes, upsampleFactor, usualGuidance, zeroNegative, own);
    }

    /** Whether a stage runs the autoencoder, or takes pixels as they are in its place. */
    public boolean isOfAutoencoder(StageSpec stage) {
        if (stage.components().isEmpty()) {
            return true;
        }
        return type.components().stream()
                .filter(component -> component.use() == Component.Use.AUTOENCODER)
                .anyMatch(component -> stage.components().contains(component.folder()));
    }

    /** The diffusing stage that samples as a request says: the first that is no prior. */
    public StageSpec main() {
        return diffusing().stream()
                .filter(stage -> !stage.isPrior())
                .findFirst()
                .orElseThrow();
    }

    /** The side of the picture that a diffusing stage makes of the native size. */
    public int side(StageSpec diffusing) {
        return workflows.stream()
                .flatMapToInt(workflow -> workflow.stages().stream()
                        .filter(stage -> stage.name().equals(diffusing.name()))
                        .mapToInt(stage -> workflow.sizes().usual() / stage.reduction()))
                .max()
                .orElseThrow();
    }

    /** The diffusing stages by name, each once, in the order in which samples pass them. */
    public List<StageSpec> diffusing() {
        return workflows.stream()
                .flatMap(workflow -> workflow.stages().stream())
                .filter(stage -> stage.role() == Role.DIFFUSE)
                .map(stage -> stage.reducedBy(1))
                .collect(Collectors.toMap(
                        StageSpec::name, Function.identity(), (first, other) -> first, LinkedHashMap::new))
                .values()
                .stream()
                .toList();
    }
}
