package dev.weir.engine.pipeline;

import dev.weir.engine.ModelException;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Pixels;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.pipeline.Component.Use;
import dev.weir.engine.sampler.SchedulerConfig;
import java.util.List;
import java.util.Optional;

/**
 * Models that diffuse pixels without text, unconditional or of a class: DDPM (Ho et al. 2020, arXiv 2006.11239) and those that
 * differ from it in the sampler.
 *
 * @param className of the pipeline
 * @param scheduler the class that the pipeline needs, or makes of any other; empty: it takes any of the diffusion schedulers
 * @param isConverter whether it makes it of any other
 * @param steps for requests that name none, as the pipeline has it
 * @param black the value of a black pixel; a white one is 1
 */
record PixelDiffusion(String className, String scheduler, boolean isConverter, int steps, float black)
        implements PipelineType {

    static final List<PixelDiffusion> ALL = List.of(
            new PixelDiffusion("DDPMPipeline", "", false, 1000, -1),
            new PixelDiffusion("DDIMPipeline", "DDIMScheduler", true, 50, -1),
            new PixelDiffusion("PNDMPipeline", "PNDMScheduler", true, 50, -1),
            new PixelDiffusion("ConsistencyModelPipeline", "CMStochasticIterativeScheduler", false, 1, -1),
            new PixelDiffusion("ScoreSdeVePipeline", "ScoreSdeVeScheduler", false, 2000, 0));

    @Override
    public List<String> classNames() {
        return List.of(className);
    }

    @Override
    public String about() {
        return "models without text of pixels (DDPM, DDIM, PNDM, consistency models, score SDE VE)";
    }

    @Override
    public int steps(PipelineIndex index) {
        return steps;
    }

    @Override
    public List<Component> components() {
        return List.of(
                new Component(UnconditionalModel.UNET, Use.DENOISER, List.of(UnconditionalModel.SCHEDULER)),
                new Component(UnconditionalModel.SCHEDULER, Use.SCHEDULER));
    }

    @Override
    public List<TextPart> texts() {
        return List.of();
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        requireScheduler(index);
        var model = new UnconditionalModel(index, settings);
        model.requireChannels(model.channels() == 1 ? 1 : 3, "the pictures, which are grey or RGB");
        return model.pipeline(this, 1, StageSpec.pixels());
    }

    /** A scheduler that another of these pipelines is for works in no other. */
    private void requireScheduler(PipelineIndex index) {
        String given = index.classOf(UnconditionalModel.SCHEDULER);
        boolean isOthers =
                ALL.stream().anyMatch(type -> !type.isConverter && type.scheduler.equals(given) && type != this);
        if (isOthers || !scheduler.isEmpty() && !isConverter && !scheduler.equals(given)) {
            throw new ModelException("%s: scheduler: %s does not run %s%s"
                    .formatted(index.file(), className, given, scheduler.isEmpty() ? "" : ", but " + scheduler));
        }
    }

    @Override
    public SchedulerConfig scheduler(SchedulerConfig file, String indexClass) {
        return file.as(isConverter ? scheduler : indexClass);
    }

    @Override
    public Optional<Pixels> pixels(int channels) {
        return Optional.of(new Pixels(channels, black, 1));
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        return UnconditionalModel.begin(begin);
    }
}
