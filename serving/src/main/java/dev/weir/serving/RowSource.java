package dev.weir.serving;

import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.diffusion.Guidance;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.sampler.Sampler;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Work;
import java.util.Optional;

/** What differs between the stages that diffuse: which network, and how a row begins. Any thread; it keeps no state. */
public interface RowSource {

    /** Loads what the stage runs of a model. */
    DiffusionPart open(ModelFolder folder);

    /** How many network calls a task takes here. */
    int calls(Task task);

    /** The run that a task makes here; throws IllegalArgumentException where there is no such sampler or step count. */
    Sampler sampler(DiffusionPart part, Task task);

    /** The shape of the latent that a task makes here, {@code [channels, height, width]}. */
    LatentShape shape(DiffusionPart part, Task task);

    /** The row at its start. Throws IllegalArgumentException naming the field or tensor that is missing or wrong. */
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

    /** The guidance that a task asks for, between the contexts that came with it. */
    static Guidance guidance(Work work) {
        Generation generation = work.task().getGeneration();
        boolean guided = Contexts.isGuided(generation);
        return new Guidance(
                Contexts.fromTensor(work.tensor(Contexts.POSITIVE)),
                guided ? Contexts.fromTensor(work.tensor(Contexts.NEGATIVE)) : null,
                generation.getGuidanceScale());
    }
}
