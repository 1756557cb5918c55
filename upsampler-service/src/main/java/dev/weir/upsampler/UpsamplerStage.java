package dev.weir.upsampler;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelCard;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.noise.NoiseStream;
import dev.weir.engine.sampler.NoiseSchedule;
import dev.weir.engine.sampler.Sampler;
import dev.weir.engine.sampler.Samplers;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Stage;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.DiffusionPart;
import dev.weir.serving.Latents;
import dev.weir.serving.RowSource;
import dev.weir.serving.SteppingStage;
import java.util.List;

/**
 * The rows of a cascade's second model: they start from noise, together with the base's enlarged and augmented latent
 * (Ho et al. 2021, arXiv 2106.15282). {@link SteppingStage} has the loop.
 */
public final class UpsamplerStage implements RowSource {

    private final ComputeTarget target;

    public UpsamplerStage(ComputeTarget target) {
        this.target = target;
    }

    public static Stage create(List<ModelFolder> folders, ComputeTarget target, SteppingStage.Limits limits) {
        return new SteppingStage(StageKind.UPSAMPLER, new UpsamplerStage(target), folders, target, limits);
    }

    @Override
    public DiffusionPart open(ModelFolder folder) {
        ModelCard card = folder.card();
        int side = card.upsampleFactor() * card.nativeSize() / card.scale();
        return new DiffusionPart(
                card,
                folder.upsampler(target),
                folder.upsamplerScheduler(),
                new LatentShape(card.latentChannels(), side, side),
                folder.latentPreview());
    }

    /** The sampler that the upsampler was published with. A request names the sampler of the base only. */
    @Override
    public Sampler sampler(DiffusionPart part, Task task) {
        return Samplers.create(
                part.schedule(),
                Samplers.defaultName(part.schedule()),
                task.getRoute(task.getPosition()).getSampling().getSteps());
    }

    @Override
    public LatentShape shape(DiffusionPart part, Task task) {
        return part.shape(task.getRoute(task.getPosition()));
    }

    @Override
    public Row start(DiffusionPart part, Work work) {
        Sampler sampler = sampler(part, work.task());
        NoiseStream noise = RowSource.noise(work);
        Tensor base = Latents.of(work);
        RowStart start = RowStart.upsampling(
                sampler,
                NoiseSchedule.of(part.schedule()),
                Latents.shapeOf(base),
                base.toFloats(),
                part.card().upsampleFactor(),
                part.card().defaults().upsamplerNoiseLevel(),
                noise);
        return new Row(sampler, start, noise, RowSource.guidance(part, work));
    }
}
