package dev.weir.denoiser;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelCard;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.noise.NoiseStream;
import dev.weir.engine.sampler.Sampler;
import dev.weir.engine.sampler.Samplers;
import dev.weir.proto.v1.Sampling;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Stage;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.DiffusionPart;
import dev.weir.serving.RowSource;
import dev.weir.serving.SteppingStage;
import dev.weir.serving.plan.Planner;
import java.util.List;

/**
 * The rows of the base model: they start from pure noise, drawn from the sample's seed, at the base's size. {@link
 * SteppingStage} has the loop.
 */
public final class DenoiserStage implements RowSource {

    private final ComputeTarget target;

    public DenoiserStage(ComputeTarget target) {
        this.target = target;
    }

    public static Stage create(List<ModelFolder> folders, ComputeTarget target, SteppingStage.Limits limits) {
        return new SteppingStage(StageKind.DENOISER, new DenoiserStage(target), folders, target, limits);
    }

    /** The stage with another planner than the product's, for benchmarks. */
    public static Stage create(
            List<ModelFolder> folders, ComputeTarget target, SteppingStage.Limits limits, Planner planner) {
        return new SteppingStage(StageKind.DENOISER, new DenoiserStage(target), folders, target, limits, planner);
    }

    @Override
    public DiffusionPart open(ModelFolder folder) {
        ModelCard card = folder.card();
        int side = card.nativeSize() / card.scale();
        return new DiffusionPart(
                card,
                folder.denoiser(target),
                folder.scheduler(),
                new LatentShape(card.latentChannels(), side, side),
                folder.latentPreview());
    }

    @Override
    public Sampler sampler(DiffusionPart part, Task task) {
        Sampling sampling = task.getRoute(task.getPosition()).getSampling();
        return Samplers.create(part.schedule(), RowSource.spec(sampling), RowSource.span(sampling));
    }

    @Override
    public LatentShape shape(DiffusionPart part, Task task) {
        return part.shape(task.getRoute(task.getPosition()));
    }

    @Override
    public Row start(DiffusionPart part, Work work) {
        Sampler sampler = sampler(part, work.task());
        NoiseStream noise = RowSource.noise(work);
        RowStart start = RowStart.fromNoise(sampler, shape(part, work.task()), noise);
        return new Row(sampler, start, noise, RowSource.guidance(part, work));
    }
}
