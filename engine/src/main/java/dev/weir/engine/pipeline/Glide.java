package dev.weir.engine.pipeline;

import dev.weir.engine.ComponentConfig;
import dev.weir.engine.HostTensor;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Pixels;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.Guider;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.network.ClipOutput;
import dev.weir.engine.pipeline.Component.Use;
import dev.weir.engine.sampler.Samplers;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * GLIDE (Nichol et al. 2021, arXiv 2112.10741): pixels of a text, which a second network may enlarge. Each network has a text transformer
 * of its own. diffusers has no name for it; {@code weir models convert} makes its folders of the original files. The second network is
 * not guided, and begins with a little less noise; each begins the noise of the seed anew. Immutable;
 * any thread.
 *
 * @param isUpsampled whether the folder has the second network
 */
record Glide(boolean isUpsampled) implements PipelineType {

    static final List<Glide> ALL = List.of(new Glide(false), new Glide(true));

    private static final String NAME = "GlidePipeline";
    private static final String TOKENIZER = "tokenizer";
    private static final String UNET = "unet";
    private static final String SCHEDULER = "scheduler";
    private static final String SECOND = "upsampler/";
    private static final String SECOND_UNET = SECOND + UNET;
    private static final String SECOND_SCHEDULER = SECOND + SCHEDULER;
    private static final TextPart TEXT = new TextPart("text_encoder", TOKENIZER, ClipOutput.LAST);
    private static final TextPart SECOND_TEXT = new TextPart(SECOND + "text_encoder", TOKENIZER, ClipOutput.LAST);

    private static final int COLORS = 3;
    private static final float GUIDANCE = 3;
    private static final int STEPS = 100;
    private static final int SECOND_STEPS = 27;
    private static final int TOKENS = 128;
    /** What the noise that the second network begins with is multiplied by. */
    private static final float TEMPERATURE = 0.997f;

    private static final float LEVELS = 127.5f;
    private static final Set<String> NOT_TAKEN = Set.of("prompt_syntax", "guidance_rescale");

    @Override
    public List<String> classNames() {
        return List.of(NAME);
    }

    @Override
    public boolean fits(PipelineIndex index) {
        return index.has(SECOND_UNET) == isUpsampled;
    }

    @Override
    public String about() {
        return "GLIDE";
    }

    @Override
    public List<Component> components() {
        List<Component> components = new ArrayList<>(List.of(
                new Component(TOKENIZER, Use.TOKENIZER),
                new Component(TEXT.encoder(), Use.TEXT_ENCODER, List.of(TOKENIZER)),
                new Component(UNET, Use.DENOISER, List.of(SCHEDULER)),
                new Component(SCHEDULER, Use.SCHEDULER)));
        if (isUpsampled) {
            components.add(new Component(SECOND_TEXT.encoder(), Use.TEXT_ENCODER, List.of(TOKENIZER)));
            components.add(new Component(SECOND_UNET, Use.DENOISER, List.of(SECOND_SCHEDULER)));
            components.add(new Component(SECOND_SCHEDULER, Use.SCHEDULER));
        }
        return List.copyOf(components);
    }

    @Override
    public List<TextPart> texts() {
        return isUpsampled ? List.of(TEXT, SECOND_TEXT) : List.of(TEXT);
    }

    @Override
    public Tensors joined(PipelineIndex index, List<Tensors> parts) {
        return parts.get(0).with(parts.get(1).under(SECOND));
    }

    @Override
    public int steps(PipelineIndex index) {
        return STEPS;
    }

    @Override
    public int promptTokens() {
        return TOKENS;
    }

    @Override
    public Optional<Pixels> pixels(int channels) {
        return Optional.of(new Pixels(channels, -1, 1));
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        int side = require(index, UNET, SCHEDULER, TEXT, COLORS).sampleSize();
        int factor = 1;
        List<StageSpec> stages = new ArrayList<>();
        stages.add(StageSpec.encode(texts().stream().map(TextPart::encoder).toList()));
        stages.add(StageSpec.diffuse(UNET, SCHEDULER));
        if (isUpsampled) {
            ComponentConfig second = require(index, SECOND_UNET, SECOND_SCHEDULER, SECOND_TEXT, 2 * COLORS);
            factor = second.sampleSize() / side;
            if (factor < 2 || factor * side != second.sampleSize()) {
                throw new ModelException("%s: sample_size is %d, which is no multiple of %d, that of %s"
                        .formatted(second.file(), second.sampleSize(), side, UNET));
            }
            stages.set(1, stages.get(1).reducedBy(factor));
            stages.add(StageSpec.enlarge("upsampler", SECOND_UNET, SECOND_SCHEDULER)
                    .sampling(settings.upsamplerSteps().orElse(SECOND_STEPS), 1)
                    .guidedBy(1));
        }
        stages.add(StageSpec.pixels());
        Sizes sizes = new Sizes(side, side, side, side);
        Workflow workflow = new Workflow(
                        Workflow.TEXT_TO_IMAGE,
                        // The published notebook computes scales below 1 too; Weir's guidance does not.
                        Field.guidedFromOne(Field.ofText(0)),
                        sizes.enlargedBy(factor),
                        List.copyOf(stages))
                .without(NOT_TAKEN);
        return new Pipeline(
                this,
                new LatentShape(COLORS, side * factor, side * factor),
                1,
                sizes,
                factor,
                GUIDANCE,
                false,
                List.of(workflow));
    }

    private static ComponentConfig require(
            PipelineIndex index, String unet, String scheduler, TextPart text, int channels) {
        ComponentConfig config = index.config(unet);
        ComponentConfig encoder = index.config(text.encoder());
        LatentModel.requireKnown(encoder);
        LatentModel.requireKnown(config);
        LatentModel.requireInputs(config, Set.of(Tensors.CLASS_LABELS));
        LatentModel.requireLabels(config, true);
        LatentModel.require(config, "in_channels", config.count("in_channels", 4), channels, "pixels");
        LatentModel.require(
                config, "out_channels", config.count("out_channels", 4), 2 * COLORS, "pixels and their variances");
        int width = encoder.count("hidden_size");
        for (String key : List.of("cross_attention_dim", "projection_class_embeddings_input_dim")) {
            LatentModel.require(config, key, config.count(key), width, "the text encoder's states");
        }
        Samplers.defaultName(index.scheduler(scheduler));
        return config;
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        begin.requirePlainWords();
        if (stage.network().equals(SECOND_UNET)) {
            return enlarging(begin);
        }
        RowStart start = RowStart.fromNoise(begin.sampler(), begin.sample(), begin.noise());
        return new Row(begin.sampler(), start, begin.noise(), begin.guider());
    }

    private static Row enlarging(Begin begin) {
        LatentShape sample = begin.sample();
        HostTensor small = begin.given().get(Port.LATENT.name());
        float[] enlarged = GuidedUpsampling.enlarged(begin, small, inLevels(small.values()));
        Tensors inputs = begin.encoded(Port.COND)
                .in(SECOND)
                .only(begin.taken())
                .with(Tensors.CONCAT, HostTensor.of(enlarged, COLORS, sample.height(), sample.width()));
        RowStart start = RowStart.fromNoise(begin.sampler(), sample, begin.noise(), TEMPERATURE);
        return new Row(begin.sampler(), start, begin.noise(), Guider.none(inputs));
    }

    /** Each value as the nearest of the 256 that a file has. */
    private static float[] inLevels(float[] values) {
        float[] levels = new float[values.length];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = (float) Math.rint((values[i] + 1) * LEVELS) / LEVELS - 1;
        }
        return levels;
    }
}
