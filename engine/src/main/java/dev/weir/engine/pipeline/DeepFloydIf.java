package dev.weir.engine.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComponentConfig;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Pixels;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.network.ClipOutput;
import dev.weir.engine.pipeline.Component.Use;
import dev.weir.engine.sampler.NoiseSchedule;
import dev.weir.engine.sampler.Samplers;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * DeepFloyd IF, an open Imagen (Saharia et al. 2022, arXiv 2205.11487): a network of pixels that reads T5's states. Its folder may
 * hold the second one, which enlarges by 4, in {@code super_resolution}, and then Stable Diffusion's x4 upscaler as the third one, in
 * {@code upscaler}. diffusers runs them as pipelines of their own, one after the other; each begins the noise of the seed anew.
 *
 * @param networks of its folder
 */
record DeepFloydIf(int networks) implements PipelineType {

    static final List<DeepFloydIf> ALL = List.of(new DeepFloydIf(3), new DeepFloydIf(2), new DeepFloydIf(1));

    private static final String NAME = "IFPipeline";
    private static final String UNET = "unet";
    private static final String SCHEDULER = "scheduler";
    private static final float GUIDANCE = 7;
    private static final int STEPS = 100;

    private static final String SECOND = "super_resolution/";
    private static final String SECOND_UNET = SECOND + UNET;
    private static final String SECOND_SCHEDULER = SECOND + SCHEDULER;
    private static final String SECOND_NOISE = SECOND + PixelNetworks.NOISING_SCHEDULER;
    private static final float SECOND_GUIDANCE = 4;
    private static final int SECOND_STEPS = 50;
    private static final int SECOND_NOISE_LEVEL = 250;

    private static final String THIRD = "upscaler/";
    private static final String THIRD_UNET = THIRD + UNET;
    private static final String THIRD_SCHEDULER = THIRD + SCHEDULER;
    private static final String THIRD_NOISE = THIRD + "low_res_scheduler";
    private static final String THIRD_VAE = THIRD + "vae";
    private static final TextPart THIRD_TEXT =
            new TextPart(THIRD + "text_encoder", THIRD + "tokenizer", ClipOutput.LAST);
    private static final float THIRD_GUIDANCE = 9;
    private static final int THIRD_STEPS = 75;
    /** As in the model's card. */
    private static final int THIRD_NOISE_LEVEL = 100;

    @Override
    public List<String> classNames() {
        return List.of(NAME);
    }

    @Override
    public boolean fits(PipelineIndex index) {
        int found = !index.has(SECOND_UNET) ? 1 : !index.has(THIRD_UNET) ? 2 : 3;
        return networks == found;
    }

    @Override
    public String about() {
        return "DeepFloyd IF (%s)".formatted(NAME);
    }

    @Override
    public List<Component> components() {
        List<Component> components = new ArrayList<>(List.of(
                new Component(PixelNetworks.TEXT.tokenizer(), Use.TOKENIZER),
                new Component(
                        PixelNetworks.TEXT.encoder(), Use.TEXT_ENCODER, List.of(PixelNetworks.TEXT.tokenizer()))));
        if (networks > 2) {
            components.add(new Component(THIRD_TEXT.tokenizer(), Use.TOKENIZER));
            components.add(new Component(THIRD_TEXT.encoder(), Use.TEXT_ENCODER, List.of(THIRD_TEXT.tokenizer())));
        }
        add(components, UNET, List.of(SCHEDULER));
        if (networks > 1) {
            add(components, SECOND_UNET, List.of(SECOND_SCHEDULER, SECOND_NOISE));
        }
        if (networks > 2) {
            add(components, THIRD_UNET, List.of(THIRD_SCHEDULER, THIRD_NOISE));
            components.add(new Component(THIRD_VAE, Use.AUTOENCODER));
        }
        return List.copyOf(components);
    }

    private static void add(List<Component> components, String unet, List<String> schedulers) {
        components.add(new Component(unet, Use.DENOISER, schedulers));
        schedulers.forEach(scheduler -> components.add(new Component(scheduler, Use.SCHEDULER)));
    }

    @Override
    public Set<String> unused() {
        return Set.of("watermarker");
    }

    @Override
    public List<TextPart> texts() {
        return networks > 2 ? List.of(PixelNetworks.TEXT, THIRD_TEXT) : List.of(PixelNetworks.TEXT);
    }

    @Override
    public Tensors joined(PipelineIndex index, List<Tensors> parts) {
        return parts.get(0).with(parts.get(1).under(THIRD));
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
        return networks > 2 ? Optional.empty() : Optional.of(Pixels.RGB);
    }

    @Override
    public JsonNode configured(String component, JsonNode file) {
        return component.equals(THIRD_VAE) ? PictureUpscaler.scaled(file) : file;
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        if (networks == 1 && index.has(THIRD_UNET)) {
            throw new ModelException(
                    "%s: there is %s, but no %s before it".formatted(index.path(), THIRD_UNET, SECOND_UNET));
        }
        ComponentConfig unet = PixelNetworks.require(index, UNET, SCHEDULER, false);
        int usual = settings.nativeSize().orElseGet(unet::sampleSize);
        Sizes base = PixelNetworks.sizes(usual, 1 << unet.halvings());
        List<Field> fields = new ArrayList<>(Field.ofText(0));
        List<StageSpec> diffusing =
                new ArrayList<>(List.of(StageSpec.diffuse(UNET, SCHEDULER).ofRgb()));
        int factor = 1;
        if (networks > 1) {
            ComponentConfig second = PixelNetworks.require(index, SECOND_UNET, SECOND_SCHEDULER, true);
            factor = growth(unet, second);
            fields.add(PixelNetworks.noiseLevel(index, SECOND_NOISE, SECOND_NOISE_LEVEL));
            diffusing.add(StageSpec.enlarge("upsampler", SECOND_UNET, SECOND_SCHEDULER, SECOND_NOISE)
                    .sampling(settings.upsamplerSteps().orElse(SECOND_STEPS), SECOND_GUIDANCE)
                    .ofRgb());
        }
        LatentShape latent = new LatentShape(PixelNetworks.COLORS, usual * factor, usual * factor);
        int scale = 1;
        if (networks > 2) {
            LatentModel third = third(index, settings);
            scale = third.scale();
            latent = new LatentShape(third.latentChannels(), usual * factor, usual * factor);
            factor *= scale;
            diffusing.add(StageSpec.enlarge("second-upsampler", THIRD_UNET, THIRD_SCHEDULER, THIRD_NOISE)
                    .sampling(THIRD_STEPS, THIRD_GUIDANCE));
        }
        Workflow workflow = PixelNetworks.workflow(
                Workflow.TEXT_TO_IMAGE, fields, base.enlargedBy(factor), stages(diffusing, factor, scale));
        return new Pipeline(this, latent, scale, base, factor, GUIDANCE, false, List.of(workflow));
    }

    private List<StageSpec> stages(List<StageSpec> diffusing, int factor, int scale) {
        List<StageSpec> stages = new ArrayList<>();
        stages.add(StageSpec.encode(texts().stream().map(TextPart::encoder).toList()));
        stages.add(diffusing.get(0).reducedBy(factor));
        if (networks > 1) {
            stages.add(diffusing.get(1).reducedBy(scale));
        }
        if (networks > 2) {
            stages.add(diffusing.get(2));
        }
        stages.add(networks > 2 ? StageSpec.decode(THIRD_VAE) : StageSpec.pixels());
        return List.copyOf(stages);
    }

    private static int growth(ComponentConfig unet, ComponentConfig second) {
        int small = unet.sampleSize();
        int large = second.sampleSize();
        if (large <= small || large % small != 0) {
            throw new ModelException("%s: sample_size is %d, which is no multiple of %d, that of %s"
                    .formatted(second.file(), large, small, UNET));
        }
        return large / small;
    }

    private static LatentModel third(PipelineIndex index, ModelSettings settings) {
        var model = new LatentModel(index, settings, List.of(THIRD_TEXT), THIRD_UNET, THIRD_VAE);
        model.requireFit(PixelNetworks.COLORS, true, 0);
        Samplers.defaultName(index.scheduler(THIRD_SCHEDULER));
        int levels = Math.min(
                model.unet().count("num_class_embeds", Integer.MAX_VALUE),
                index.scheduler(THIRD_NOISE).trainTimesteps());
        if (levels <= THIRD_NOISE_LEVEL) {
            throw new ModelException("%s: num_class_embeds leaves out the noise level %d"
                    .formatted(model.unet().file(), THIRD_NOISE_LEVEL));
        }
        return model;
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        begin.requirePlainWords();
        return switch (stage.network()) {
            case SECOND_UNET ->
                PixelNetworks.enlarging(
                        begin,
                        begin.given().get(Port.LATENT.name()),
                        begin.request().noiseLevel().orElse(SECOND_NOISE_LEVEL));
            case THIRD_UNET -> third(begin);
            default ->
                new Row(
                        begin.sampler(),
                        RowStart.fromNoise(begin.sampler(), begin.sample(), begin.noise()),
                        begin.noise(),
                        begin.guider());
        };
    }

    private static Row third(Begin begin) {
        RowStart start = RowStart.augmented(
                begin.sampler(),
                begin.sample(),
                NoiseSchedule.of(begin.augmentation()),
                begin.given().get(Port.LATENT.name()),
                THIRD_NOISE_LEVEL,
                begin.noise());
        Tensors read = own(Port.COND, begin).with(own(Port.UNCOND, begin));
        return new Row(begin.sampler(), start, begin.noise(), begin.of(read).guider());
    }

    /** What the third network's text encoder gave for a prompt. */
    private static Tensors own(Port port, Begin begin) {
        return begin.encoded(port).in(THIRD).under(port.name() + "/");
    }
}
