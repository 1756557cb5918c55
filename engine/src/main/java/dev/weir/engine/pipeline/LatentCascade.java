package dev.weir.engine.pipeline;

import dev.weir.engine.ComponentConfig;
import dev.weir.engine.HostTensor;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.sampler.NoiseSchedule;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.SchedulerConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A {@link StableDiffusion} with a second UNet, which enlarges the latents of the first (Ho et al. 2021, arXiv 2106.15282). diffusers
 * has no name for it. Larger pictures than the base's native size go through both.
 */
final class LatentCascade implements ExtendedPipeline {

    private static final String UPSAMPLER_UNET = "upsampler/unet";
    private static final String UPSAMPLER_SCHEDULER = "upsampler/scheduler";
    private static final int DEFAULT_GROWTH = 2;

    private final StableDiffusion base = new StableDiffusion();

    @Override
    public PipelineType base() {
        return base;
    }

    @Override
    public String unet() {
        return UPSAMPLER_UNET;
    }

    @Override
    public String scheduler() {
        return UPSAMPLER_SCHEDULER;
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        var model = base.model(index, settings);
        ComponentConfig upsampler = model.config(UPSAMPLER_UNET);
        LatentModel.requireKnown(upsampler);
        Pipeline plain = base.describe(index, settings);
        requireFit(model, upsampler);
        model.requireNoMask();
        SchedulerConfig schedule = index.scheduler(UPSAMPLER_SCHEDULER);
        Samplers.defaultName(schedule);
        requireNoiseLevel(index, settings, schedule);

        int factor = settings.upsampleFactor().orElseGet(() -> growth(model, upsampler));
        // The upsampler's latents are larger by the factor.
        Sizes sizes = model.sizes(upsampler.sideMultiple() / factor);
        Workflow small = plain.workflows().get(0);
        List<StageSpec> stages = new ArrayList<>(small.stages());
        int diffusion = 1;
        stages.set(diffusion, stages.get(diffusion).reducedBy(factor));
        stages.add(diffusion + 1, upsampling(settings.upsamplerStepsOrDefault()));
        return new Pipeline(
                this,
                plain.latent(),
                plain.scale(),
                sizes,
                factor,
                plain.guidanceScale(),
                false,
                workflows(plain, sizes, factor, List.copyOf(stages)));
    }

    /** Large pictures are made of text alone. */
    private static List<Workflow> workflows(Pipeline plain, Sizes sizes, int factor, List<StageSpec> upsampled) {
        Sizes small = sizes.upTo(sizes.usual());
        List<Workflow> workflows = new ArrayList<>();
        plain.workflows()
                .forEach(workflow ->
                        workflows.add(new Workflow(workflow.name(), workflow.fields(), small, workflow.stages())));
        Workflow text = workflows.get(0);
        workflows.add(1, new Workflow(text.name() + "_upsampled", text.fields(), sizes.enlargedBy(factor), upsampled));
        return List.copyOf(workflows);
    }

    private static StageSpec upsampling(int steps) {
        return StageSpec.enlarge("upsampler", UPSAMPLER_UNET, UPSAMPLER_SCHEDULER)
                .sampling(steps, 0);
    }

    private static void requireFit(LatentModel model, ComponentConfig upsampler) {
        LatentModel.requireInputs(upsampler, Set.of());
        LatentModel.requireLabels(upsampler, true);
        int latent = model.latentChannels();
        LatentModel.require(
                upsampler,
                "in_channels",
                upsampler.count("in_channels"),
                2 * latent,
                "latents beside the small image's");
        LatentModel.require(upsampler, "out_channels", upsampler.count("out_channels"), latent, "the vae's latents");
        model.requireContext(upsampler);
    }

    private static void requireNoiseLevel(PipelineIndex index, ModelSettings settings, SchedulerConfig schedule) {
        int level = settings.upsamplerNoiseLevelOrDefault();
        int timesteps = schedule.trainTimesteps();
        if (level >= timesteps) {
            throw new ModelException("%s: upsampler_noise_level %d is not below %d, the upsampler's timesteps"
                    .formatted(ModelSettings.file(index.path()), level, timesteps));
        }
    }

    private static int growth(LatentModel model, ComponentConfig upsampler) {
        int ratio = upsampler.side("sample_size") / model.unet().side("sample_size");
        return Math.max(DEFAULT_GROWTH, ratio);
    }

    @Override
    public SchedulerConfig scheduler(SchedulerConfig file, String indexClass) {
        return base.scheduler(file, indexClass);
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        if (!stage.network().equals(UPSAMPLER_UNET)) {
            return base.begin(stage, begin);
        }
        HostTensor latent = begin.given().get(Port.LATENT.name());
        if (latent.rank() != 3) {
            throw new IllegalArgumentException(
                    "latent of %s is not [channels, height, width]".formatted(latent.shape()));
        }
        RowStart start = RowStart.upsampling(
                begin.sampler(),
                NoiseSchedule.of(begin.augmentation()),
                new LatentShape(latent.side(0), latent.side(1), latent.side(2)),
                latent.values(),
                begin.card().upsampleFactor(),
                begin.card().defaults().upsamplerNoiseLevel(),
                begin.noise());
        return new Row(begin.sampler(), start, begin.noise(), begin.guider());
    }
}
