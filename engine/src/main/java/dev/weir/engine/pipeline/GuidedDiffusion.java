package dev.weir.engine.pipeline;

import dev.weir.engine.ComponentConfig;
import dev.weir.engine.HostTensor;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Pixels;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.Guider;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.pipeline.Component.Use;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Guided diffusion (Dhariwal and Nichol 2021, arXiv 2105.05233): pixels, unconditional or of a class, which a classifier may guide by its
 * gradient; a second UNet may enlarge the picture. diffusers has no name for it; {@code weir models convert} makes its folders of the
 * original files. The request's guidance scale is the classifier's: at 0 it does not guide.
 *
 * @param isGuided whether the folder has a classifier
 * @param isUpsampled whether the folder has an upsampler
 */
record GuidedDiffusion(boolean isGuided, boolean isUpsampled) implements PipelineType {

    static final List<GuidedDiffusion> ALL = List.of(
            new GuidedDiffusion(false, false),
            new GuidedDiffusion(true, false),
            new GuidedDiffusion(false, true),
            new GuidedDiffusion(true, true));

    private static final String NAME = "GuidedDiffusionPipeline";
    private static final String CLASSIFIER = "classifier";
    private static final int STEPS = 250;
    private static final float SCALE = 1;

    @Override
    public List<String> classNames() {
        return List.of(NAME);
    }

    @Override
    public boolean fits(PipelineIndex index) {
        return index.components().containsKey(CLASSIFIER) == isGuided
                && index.has(GuidedUpsampling.UNET) == isUpsampled;
    }

    @Override
    public String about() {
        return "guided diffusion (ADM), with its classifiers";
    }

    @Override
    public int steps(PipelineIndex index) {
        return STEPS;
    }

    @Override
    public List<Component> components() {
        List<Component> components = new ArrayList<>(List.of(
                new Component(UnconditionalModel.UNET, Use.DENOISER, List.of(UnconditionalModel.SCHEDULER)),
                new Component(UnconditionalModel.SCHEDULER, Use.SCHEDULER)));
        if (isGuided) {
            components.add(new Component(CLASSIFIER, Use.CLASSIFIER));
        }
        if (isUpsampled) {
            components.addAll(GuidedUpsampling.COMPONENTS);
        }
        return List.copyOf(components);
    }

    @Override
    public List<TextPart> texts() {
        return List.of();
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        var model = new UnconditionalModel(index, settings);
        model.requireChannels(3, "the pictures, which are RGB");
        Pipeline plain = model.pipeline(this, 1, StageSpec.pixels());
        Pipeline base = isGuided ? guided(plain, index) : plain;
        if (!isUpsampled) {
            return base;
        }
        int classes = isGuided
                ? index.config(CLASSIFIER).count("num_classes")
                : index.config(UnconditionalModel.UNET).count("num_class_embeds", 0);
        return GuidedUpsampling.of(base, index, settings.upsamplerSteps().orElse(STEPS), classes);
    }

    private Pipeline guided(Pipeline plain, PipelineIndex index) {
        ComponentConfig classifier = index.config(CLASSIFIER);
        ComponentConfig unet = index.config(UnconditionalModel.UNET);
        int side = plain.sizes().usual();
        LatentModel.require(classifier, "sample_size", classifier.count("sample_size"), side, "the UNet's pictures");
        LatentModel.require(classifier, "in_channels", classifier.count("in_channels"), 3, "the UNet's pictures");
        LatentModel.require(
                unet, "out_channels", unet.count("out_channels"), 6, "a variance, by which a classifier guides");
        int classes = classifier.count("num_classes");
        if (unet.json().hasNonNull("num_class_embeds")) {
            LatentModel.require(unet, "num_class_embeds", unet.count("num_class_embeds"), classes, "the classifier");
        }
        Sizes sizes = new Sizes(side, side, side, side);
        List<Field> fields = List.of(UnconditionalModel.classOf(classes), Field.guidanceScale());
        List<Workflow> workflows = plain.workflows().stream()
                .map(workflow -> new Workflow(workflow.name(), fields, sizes, workflow.stages())
                        .diffusing(stage -> stage.guidedBy(1)))
                .toList();
        return new Pipeline(this, plain.latent(), 1, sizes, 1, SCALE, false, workflows);
    }

    @Override
    public Optional<Pixels> pixels(int channels) {
        return Optional.of(new Pixels(channels, -1, 1));
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        if (stage.network().equals(GuidedUpsampling.UNET)) {
            return GuidedUpsampling.begin(begin);
        }
        if (!isGuided) {
            return UnconditionalModel.begin(begin);
        }
        float scale = begin.request().guidanceScale();
        if (scale != 0 && !begin.sampler().takesGradient()) {
            throw new IllegalArgumentException(
                    "this sampler takes no gradient of a classifier. Take ddpm or ddim, or guidance_scale 0");
        }
        Tensors inputs = Tensors.of(Tensors.CLASS_LABELS, UnconditionalModel.label(begin.request()))
                .with(Tensors.CLASSIFIER_SCALE, HostTensor.of(new float[] {scale}, 1));
        RowStart start = RowStart.fromNoise(begin.sampler(), begin.sample(), begin.noise());
        return new Row(begin.sampler(), start, begin.noise(), Guider.none(inputs));
    }
}
