package dev.weir.engine.pipeline;

import dev.weir.engine.HostTensor;
import dev.weir.engine.ImageCodec;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.Guider;
import dev.weir.engine.diffusion.PictureGuidance;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import java.util.List;
import java.util.Set;

/**
 * Models that edit a picture as a prompt says (Brooks et al. 2023, arXiv 2211.09800). Their UNet sees the picture's latents beside its
 * sample. The latents are the most likely ones, and are not scaled, unless the folder says {@code is_cosxl_edit}.
 */
final class InstructPix2Pix implements DerivedPipeline {

    private static final String SD = "StableDiffusionInstructPix2PixPipeline";
    private static final String XL = "StableDiffusionXLInstructPix2PixPipeline";
    private static final String SCALED = "is_cosxl_edit";

    static final List<PipelineType> ALL = List.of(
            new InstructPix2Pix(new StableDiffusion(), SD, false),
            new InstructPix2Pix(new StableDiffusionXl(), XL, false),
            new InstructPix2Pix(new StableDiffusionXl(), XL, true));

    private static final String LATENT = Port.IMAGE.name() + "/latent";

    private final PromptedModel base;
    private final String className;
    private final boolean scaled;

    private InstructPix2Pix(PromptedModel base, String className, boolean scaled) {
        this.base = base;
        this.className = className;
        this.scaled = scaled;
    }

    @Override
    public PipelineType base() {
        return base;
    }

    @Override
    public List<String> classNames() {
        return List.of(className);
    }

    @Override
    public boolean fits(PipelineIndex index) {
        return className.equals(SD) || index.flag(SCALED, false) == scaled;
    }

    @Override
    public String about() {
        return "image editing models (%s, %s)".formatted(SD, XL);
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        LatentModel model = base.model(index, settings);
        model.requireFit(base.given(), model.latentChannels(), false, 0);
        Pipeline plain = base.describe(index, model);
        return plain.of(
                this,
                plain.guidanceScale(),
                plain.workflows().stream()
                        .filter(workflow -> workflow.name().equals(Workflow.IMAGE_TO_IMAGE))
                        .map(InstructPix2Pix::editing)
                        .toList());
    }

    /** It begins with noise, so it has no strength. */
    private static Workflow editing(Workflow imageToImage) {
        return imageToImage
                .without(Set.of("strength"))
                .with(Field.imageGuidanceScale())
                .named(Workflow.IMAGE_EDITING)
                .diffusing(stage -> stage.guidedBy(PictureGuidance.ROWS));
    }

    @Override
    public Tensors see(PictureInput input, ImageCodec codec) {
        float[] mode = codec.encode(List.of(input.seen())).get(0).mode();
        int height = input.height() / codec.scale();
        int width = input.width() / codec.scale();
        return Tensors.of(
                LATENT,
                HostTensor.of(scaled ? codec.normalized(mode) : mode, mode.length / (height * width), height, width));
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        HostTensor picture = begin.given().get(LATENT);
        if (picture.values().length != begin.sample().size()) {
            throw new IllegalArgumentException(
                    "an image with latents of %s does not fit %s".formatted(picture.shape(), begin.sample()));
        }
        RowStart start = RowStart.fromNoise(begin.sampler(), begin.sample(), begin.noise());
        return new Row(begin.sampler(), start, begin.noise(), guider(begin, picture));
    }

    private Guider guider(Begin begin, HostTensor picture) {
        Request request = begin.request();
        Tensors told = base.told(request);
        Tensors prompt = begin.single(Port.COND).with(told).with(Tensors.CONCAT, picture);
        if (!PictureGuidance.isGuided(request.guidanceScale(), request.imageGuidanceScale())) {
            return Guider.none(prompt);
        }
        Tensors negative = begin.single(Port.UNCOND).with(told);
        HostTensor none = new HostTensor(picture.shape(), new float[picture.values().length]);
        return begin.inInterval(
                new PictureGuidance(
                        prompt,
                        negative.with(Tensors.CONCAT, picture),
                        negative.with(Tensors.CONCAT, none),
                        request.guidanceScale(),
                        request.imageGuidanceScale(),
                        request.guidanceRescale()),
                Guider.none(prompt));
    }
}
