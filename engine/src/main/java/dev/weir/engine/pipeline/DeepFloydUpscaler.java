package dev.weir.engine.pipeline;

import dev.weir.engine.ComponentConfig;
import dev.weir.engine.HostTensor;
import dev.weir.engine.ImageCodec;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Pixels;
import dev.weir.engine.Tensors;
import dev.weir.engine.UnitImage;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.image.Filter;
import dev.weir.engine.pipeline.Component.Use;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The second stage of DeepFloyd IF alone: it enlarges a given picture, by a prompt. */
final class DeepFloydUpscaler implements PipelineType {

    private static final String NAME = "IFSuperResolutionPipeline";
    private static final String UNET = "unet";
    private static final String SCHEDULER = "scheduler";
    private static final String PIXELS = Port.IMAGE.name() + "/pixels";
    private static final float GUIDANCE = 4;
    private static final int STEPS = 50;
    private static final int NOISE_LEVEL = 250;

    @Override
    public List<String> classNames() {
        return List.of(NAME);
    }

    @Override
    public String about() {
        return "the second stage of DeepFloyd IF (%s)".formatted(NAME);
    }

    @Override
    public List<Component> components() {
        return List.of(
                new Component(PixelNetworks.TEXT.tokenizer(), Use.TOKENIZER),
                new Component(PixelNetworks.TEXT.encoder(), Use.TEXT_ENCODER, List.of(PixelNetworks.TEXT.tokenizer())),
                new Component(UNET, Use.DENOISER, List.of(SCHEDULER, PixelNetworks.NOISING_SCHEDULER)),
                new Component(SCHEDULER, Use.SCHEDULER),
                new Component(PixelNetworks.NOISING_SCHEDULER, Use.SCHEDULER));
    }

    @Override
    public Set<String> unused() {
        return Set.of("watermarker");
    }

    @Override
    public List<TextPart> texts() {
        return List.of(PixelNetworks.TEXT);
    }

    @Override
    public int steps(PipelineIndex index) {
        return STEPS;
    }

    @Override
    public int promptTokens() {
        return PixelNetworks.TEXT.length().orElseThrow();
    }

    @Override
    public Optional<Pixels> pixels(int channels) {
        return Optional.of(Pixels.RGB);
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        ComponentConfig unet = PixelNetworks.require(index, UNET, SCHEDULER, true);
        int usual = settings.nativeSize().orElseGet(unet::sampleSize);
        Sizes sizes = PixelNetworks.sizes(usual, Math.max(PixelNetworks.FACTOR, 1 << unet.halvings()));
        List<Field> fields = new ArrayList<>(Field.ofText(Field.of("prompt"), 0));
        fields.add(Field.needed(Field.INIT_IMAGE));
        fields.add(PixelNetworks.noiseLevel(index, PixelNetworks.NOISING_SCHEDULER, NOISE_LEVEL));
        var stages = List.of(
                StageSpec.encode(List.of(PixelNetworks.TEXT.encoder())),
                StageSpec.seePixels().reducedBy(PixelNetworks.FACTOR),
                StageSpec.diffuse(UNET, SCHEDULER, PixelNetworks.NOISING_SCHEDULER)
                        .taking(Port.IMAGE)
                        .ofRgb(),
                StageSpec.pixels());
        return new Pipeline(
                this,
                new LatentShape(PixelNetworks.COLORS, usual, usual),
                1,
                sizes,
                1,
                GUIDANCE,
                false,
                List.of(PixelNetworks.workflow(Workflow.UPSCALING, fields, sizes, stages)));
    }

    @Override
    public PictureInput input(Sight sight, int scale) {
        return sight.input(Filter.BICUBIC);
    }

    @Override
    public Tensors see(PictureInput input, ImageCodec codec) {
        UnitImage picture = input.seen();
        return Tensors.of(
                PIXELS, HostTensor.of(picture.values(), PixelNetworks.COLORS, picture.height(), picture.width()));
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        begin.requirePlainWords();
        int level =
                begin.request().noiseLevel().orElseThrow(() -> new IllegalArgumentException("noise_level is missing"));
        return PixelNetworks.enlarging(begin, begin.given().get(PIXELS), level);
    }
}
