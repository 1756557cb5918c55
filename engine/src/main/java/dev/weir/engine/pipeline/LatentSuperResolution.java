package dev.weir.engine.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComponentConfig;
import dev.weir.engine.HostTensor;
import dev.weir.engine.ImageCodec;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.diffusion.SeenBeside;
import dev.weir.engine.image.Filter;
import dev.weir.engine.network.LatentSpace;
import dev.weir.engine.network.Networks;
import dev.weir.engine.pipeline.Component.Use;
import java.util.List;

/**
 * Super-resolution by latent diffusion (Rombach et al. 2022, arXiv 2112.10752), without text: its network sees the picture's own pixels
 * beside its latents, which are as large as the picture, and the autoencoder makes the larger picture of them.
 */
final class LatentSuperResolution implements PipelineType {

    private static final String NAME = "LDMSuperResolutionPipeline";
    private static final String AUTOENCODER = "vqvae";
    private static final String UNET = UnconditionalModel.UNET;
    private static final String SCHEDULER = UnconditionalModel.SCHEDULER;
    private static final int COLORS = 3;
    private static final int STEPS = 100;
    private static final float UNGUIDED = 1;
    /** diffusers makes the sides of a picture multiples of it. */
    private static final int MULTIPLE = 32;

    @Override
    public List<String> classNames() {
        return List.of(NAME);
    }

    @Override
    public String about() {
        return "latent diffusion's super-resolution (%s)".formatted(NAME);
    }

    @Override
    public List<Component> components() {
        return List.of(
                new Component(UNET, Use.DENOISER, List.of(SCHEDULER)),
                new Component(SCHEDULER, Use.SCHEDULER),
                new Component(AUTOENCODER, Use.AUTOENCODER));
    }

    @Override
    public List<TextPart> texts() {
        return List.of();
    }

    @Override
    public int steps(PipelineIndex index) {
        return STEPS;
    }

    /** Latents are decoded as they are. */
    @Override
    public JsonNode configured(String component, JsonNode file) {
        return component.equals(AUTOENCODER) ? PictureUpscaler.scaled(file, 1) : file;
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        ComponentConfig autoencoder = index.config(AUTOENCODER);
        ComponentConfig unet = index.config(UNET);
        LatentModel.requireKnown(autoencoder);
        LatentModel.requireKnown(unet);
        LatentModel.requireLabels(unet, false);
        requireNothingBeside(unet);
        LatentSpace space = Networks.latentSpace(autoencoder.json());
        LatentModel.require(
                unet, "in_channels", unet.count("in_channels", COLORS), 2 * COLORS, "a latent and a picture beside it");
        LatentModel.require(unet, "out_channels", unet.count("out_channels", COLORS), COLORS, "a latent");
        LatentModel.require(
                autoencoder,
                "latent_channels",
                space.channels(),
                COLORS,
                "what the UNet makes"); // half of what it takes
        int usual = settings.nativeSize().orElseGet(() -> unet.side("sample_size") * space.scale());
        Sizes sizes = Sizes.around(usual, space.scale() * Math.max(MULTIPLE, 1 << unet.halvings()));
        List<StageSpec> stages = List.of(
                StageSpec.see(AUTOENCODER).reducedBy(space.scale()),
                StageSpec.diffuse(UNET, SCHEDULER).withoutText().taking(Port.IMAGE),
                StageSpec.decode(AUTOENCODER));
        Workflow workflow = new Workflow(Workflow.UPSCALING, List.of(Field.needed(Field.INIT_IMAGE)), sizes, stages);
        int side = usual / space.scale();
        return new Pipeline(
                this, new LatentShape(COLORS, side, side), space.scale(), sizes, 1, UNGUIDED, false, List.of(workflow));
    }

    private static void requireNothingBeside(ComponentConfig unet) {
        for (NetworkInput input : Networks.inputs(unet.json())) {
            if (!input.name().equals(Tensors.CONCAT)) {
                throw new ModelException("%s: the UNet takes %s of %s, which a picture to enlarge does not give"
                        .formatted(unet.file(), input.name(), input.shape()));
            }
        }
    }

    @Override
    public PictureInput input(Sight sight, int scale) {
        return sight.input(Filter.LANCZOS);
    }

    @Override
    public Tensors see(PictureInput input, ImageCodec codec) {
        return PictureUpscaler.pixels(input);
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        HostTensor picture = begin.given().get(PictureUpscaler.PIXELS);
        LatentShape sample = begin.sample();
        if (picture.side(1) != sample.height() || picture.side(2) != sample.width()) {
            throw new IllegalArgumentException("%s does not fit beside %s".formatted(picture.shape(), sample));
        }
        RowStart start = RowStart.fromNoise(begin.sampler(), sample, begin.noise());
        return new Row(begin.sampler(), start, begin.noise(), new SeenBeside(picture, begin.sampler()));
    }
}
