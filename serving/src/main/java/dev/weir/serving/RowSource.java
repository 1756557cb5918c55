package dev.weir.serving;

import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.ClassifierFreeGuidance;
import dev.weir.engine.diffusion.GuidanceEmbedding;
import dev.weir.engine.diffusion.Guider;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.noise.NoiseKind;
import dev.weir.engine.noise.NoiseStream;
import dev.weir.engine.sampler.Sampler;
import dev.weir.engine.sampler.SamplerSpec;
import dev.weir.engine.sampler.SigmaSpacing;
import dev.weir.engine.sampler.Span;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Sampling;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Work;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The differences between the diffusion stages: which network they run, and how a row starts. Any thread; it has no
 * state.
 */
public interface RowSource {

    /** Loads the part of a model that the stage runs. */
    DiffusionPart open(ModelFolder folder);

    /** The run of a task here. Throws IllegalArgumentException if the sampler or the number of steps does not exist. */
    Sampler sampler(DiffusionPart part, Task task);

    /** The shape of the latent that a task makes here, {@code [channels, height, width]}. */
    LatentShape shape(DiffusionPart part, Task task);

    /** The row at its start. Throws an IllegalArgumentException that names a missing or wrong field or tensor. */
    Row start(DiffusionPart part, Work work);

    /** Why the task can never be done here, or empty. */
    default Optional<String> refuse(DiffusionPart part, Task task) {
        try {
            shape(part, task);
            sampler(part, task);
            return Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.of(e.getMessage());
        }
    }

    /** The sampler that a request names. Throws IllegalArgumentException if there is none such. */
    static SamplerSpec spec(Sampling sampling) {
        SamplerSpec named = SamplerSpec.parse(sampling.getSampler());
        return new SamplerSpec(
                named.name(),
                sampling.getSchedule().isEmpty()
                        ? named.schedule()
                        : Optional.of(SigmaSpacing.named(sampling.getSchedule())),
                sampling.hasEta() ? Optional.of(sampling.getEta()) : named.eta());
    }

    /** The part of the schedule that a stage does. */
    static Span span(Sampling sampling) {
        int steps = sampling.getSteps();
        if (sampling.hasStrength()) {
            return Span.ofStrength(steps, sampling.getStrength());
        }
        return sampling.getStart() > 0 || sampling.getEnd() > 0
                ? Span.between(steps, sampling.getStart(), sampling.getEnd() > 0 ? sampling.getEnd() : 1)
                : Span.whole(steps);
    }

    /** The noise that a request asks for, from its beginning. */
    static NoiseStream noise(Work work) {
        Generation generation = work.task().getGeneration();
        NoiseKind kind = generation.getNoise().isEmpty() ? NoiseKind.CPU : NoiseKind.parse(generation.getNoise());
        return kind.stream(generation.getSeed());
    }

    /** The guidance of a task, between the branches that arrived with it, as far as the network takes their tensors. */
    static Guider guidance(DiffusionPart part, Work work) {
        Generation generation = work.task().getGeneration();
        Tensors positive = branch(part, work, Branches.COND);
        OptionalInt embedding = GuidanceEmbedding.width(part.network().inputs());
        if (embedding.isPresent()) {
            return Guider.embedded(positive, generation.getGuidanceScale(), embedding.getAsInt());
        }
        return Branches.isGuided(generation)
                ? new ClassifierFreeGuidance(
                        positive, branch(part, work, Branches.UNCOND), generation.getGuidanceScale(), 0)
                : Guider.none(positive);
    }

    private static Tensors branch(DiffusionPart part, Work work, String branch) {
        return Branches.fromTensors(branch, work.tensors()).only(part.network().inputs());
    }
}
