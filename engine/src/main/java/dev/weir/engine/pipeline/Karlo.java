package dev.weir.engine.pipeline;

import dev.weir.engine.ComponentConfig;
import dev.weir.engine.Denoiser;
import dev.weir.engine.HostTensor;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Pixels;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.ClassifierFreeGuidance;
import dev.weir.engine.diffusion.Guider;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.image.Interpolation;
import dev.weir.engine.network.ClipOutput;
import dev.weir.engine.network.Networks;
import dev.weir.engine.pipeline.Component.Use;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Text to image by unCLIP in pixels (Ramesh et al. 2022, arXiv 2204.06125), as Kakao Brain's Karlo: a prior makes the embedding of a
 * picture of the prompt, a decoder makes a small picture of it and of the prompt, and a third diffusion enlarges this one. The last step
 * of the enlargement is made by a network of its own.
 */
final class Karlo implements PipelineType {

    private static final String NAME = "UnCLIPPipeline";
    private static final TextPart TEXT = new TextPart("text_encoder", "tokenizer", ClipOutput.TRIMMED);
    private static final String PRIOR = "prior";
    /** Whose last step is at timestep 0, for the network of its own. */
    private static final String SCHEDULER_CLASS = "UnCLIPScheduler";

    private static final String PRIOR_SCHEDULER = "prior_scheduler";
    private static final String DECODER = "decoder";
    private static final String DECODER_SCHEDULER = "decoder_scheduler";
    private static final String PROJECTION = "text_proj";
    private static final String ENLARGER = "super_res_first";
    private static final String LAST_ENLARGER = "super_res_last";
    private static final String ENLARGER_SCHEDULER = "super_res_scheduler";
    private static final int COLORS = 3;
    private static final float GUIDANCE = 8;
    private static final int STEPS = 25;
    private static final int LARGE_STEPS = 7;
    private static final int LEAST_STEPS = 2;

    @Override
    public List<String> classNames() {
        return List.of(NAME);
    }

    @Override
    public String about() {
        return "text to image by unCLIP in pixels (%s)".formatted(NAME);
    }

    @Override
    public List<Component> components() {
        return List.of(
                new Component(TEXT.tokenizer(), Use.TOKENIZER),
                new Component(TEXT.encoder(), Use.TEXT_ENCODER, List.of(TEXT.tokenizer())),
                new Component(PRIOR, Use.DENOISER, List.of(PRIOR_SCHEDULER)),
                new Component(PRIOR_SCHEDULER, Use.SCHEDULER),
                new Component(PROJECTION, Use.TEXT_PROJECTION),
                new Component(DECODER, Use.DENOISER, List.of(DECODER_SCHEDULER)),
                new Component(DECODER_SCHEDULER, Use.SCHEDULER),
                new Component(ENLARGER, Use.DENOISER, List.of(ENLARGER_SCHEDULER)),
                new Component(LAST_ENLARGER, Use.DENOISER, List.of(ENLARGER_SCHEDULER)),
                new Component(ENLARGER_SCHEDULER, Use.SCHEDULER));
    }

    @Override
    public List<TextPart> texts() {
        return List.of(TEXT);
    }

    @Override
    public int steps(PipelineIndex index) {
        return STEPS;
    }

    @Override
    public Optional<Pixels> pixels(int channels) {
        return Optional.of(Pixels.RGB);
    }

    @Override
    public Denoiser network(StageSpec stage, Parts parts) {
        return switch (stage.network()) {
            case DECODER -> parts.projected(DECODER, PROJECTION);
            case ENLARGER -> parts.endingWith(ENLARGER, LAST_ENLARGER);
            default -> parts.denoiser(stage.network());
        };
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        ComponentConfig prior = index.config(PRIOR);
        TextPrior.requireFit(prior, index.config(TEXT.encoder()));
        requireDecoder(index, TextPrior.width(prior));
        ComponentConfig small = index.config(DECODER);
        ComponentConfig large = index.config(ENLARGER);
        requireEnlarger(large);
        requireEnlarger(index.config(LAST_ENLARGER));
        int factor = growth(small, large);
        for (String scheduler : List.of(PRIOR_SCHEDULER, DECODER_SCHEDULER, ENLARGER_SCHEDULER)) {
            LatentModel.requireScheduler(index, scheduler, SCHEDULER_CLASS);
        }
        int steps = settings.upsamplerSteps().orElse(LARGE_STEPS);
        if (steps < LEAST_STEPS) {
            throw new ModelException("%s: defaults.upsampler_steps is %d, and the super-resolution takes %d or more"
                    .formatted(index.path(), steps, LEAST_STEPS));
        }
        int side = small.sampleSize();
        var base = new Sizes(side, side, side, side);
        var sizes = base.enlargedBy(factor);
        var workflow = new Workflow(
                Workflow.TEXT_TO_IMAGE,
                fields(index),
                sizes,
                List.of(
                        StageSpec.encode(List.of(TEXT.encoder())),
                        StageSpec.prior(PRIOR, PRIOR_SCHEDULER).taking(Port.UNCOND),
                        StageSpec.diffuse(DECODER, DECODER_SCHEDULER, PROJECTION)
                                .taking(Port.LATENT)
                                .reducedBy(factor)
                                .ofRgb(),
                        StageSpec.enlarge("upsampler", ENLARGER, ENLARGER_SCHEDULER, LAST_ENLARGER)
                                .withoutText()
                                .guidedBy(1)
                                .sampling(steps, 0)
                                .ofRgb(),
                        StageSpec.pixels()));
        var latent = new LatentShape(COLORS, side * factor, side * factor);
        return new Pipeline(this, latent, 1, base, factor, GUIDANCE, false, List.of(workflow));
    }

    /** Where one of the two scales is above 1, diffusers guides by both: at 1 that changes nothing, and below it would. */
    private static List<Field> fields(PipelineIndex index) {
        List<Field> fields = new ArrayList<>(List.of(Field.needed("prompt")));
        fields.addAll(Field.guidedFromOne(Field.ofGuidance()));
        fields.add(Field.priorSteps(index.scheduler(PRIOR_SCHEDULER).trainTimesteps())
                .atLeast(LEAST_STEPS));
        fields.add(Field.priorGuidanceScale().atLeast(1));
        return List.copyOf(fields);
    }

    private static void requireDecoder(PipelineIndex index, int width) {
        ComponentConfig decoder = index.config(DECODER);
        ComponentConfig projection = index.config(PROJECTION);
        LatentModel.requireKnown(decoder);
        LatentModel.requireKnown(projection);
        LatentModel.requireInputs(decoder, Set.of(Tensors.CLASS_LABELS));
        LatentModel.require(decoder, "in_channels", decoder.count("in_channels", 4), COLORS, "pixels");
        LatentModel.require(
                decoder, "out_channels", decoder.count("out_channels", 4), 2 * COLORS, "pixels and their variances");
        LatentModel.require(
                projection,
                "clip_embeddings_dim",
                projection.count("clip_embeddings_dim", 768),
                width,
                "the prior's embedding");
        LatentModel.require(
                projection,
                "cross_attention_dim",
                projection.count("cross_attention_dim"),
                decoder.count("cross_attention_dim"),
                "what the decoder attends to");
        int time = projection.count("time_embed_dim");
        boolean isTold = Networks.inputs(decoder.json()).stream()
                .anyMatch(input -> input.name().equals(Tensors.CLASS_LABELS)
                        && input.shape().equals(List.of(time)));
        if (!isTold) {
            throw new ModelException("%s: time_embed_dim is %d, which does not fit the class_labels of %s"
                    .formatted(projection.file(), time, decoder.file()));
        }
    }

    private static void requireEnlarger(ComponentConfig network) {
        LatentModel.requireKnown(network);
        for (NetworkInput input : Networks.inputs(network.json())) {
            if (!input.name().equals(Tensors.CONCAT)) {
                throw new ModelException(
                        "%s: the UNet takes %s, which it is not given".formatted(network.file(), input.name()));
            }
        }
        LatentModel.require(
                network, "in_channels", network.count("in_channels", 3), 2 * COLORS, "a sample and a picture");
        int out = network.count("out_channels", 3);
        if (out != 2 * COLORS) { // as many again for a learned variance
            LatentModel.require(network, "out_channels", out, COLORS, "pixels");
        }
    }

    private static int growth(ComponentConfig small, ComponentConfig large) {
        int side = small.sampleSize();
        if (large.sampleSize() % side != 0) {
            throw new ModelException("%s: sample_size is %d, which is no multiple of %d, that of %s"
                    .formatted(large.file(), large.sampleSize(), side, small.file()));
        }
        return large.sampleSize() / side;
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        begin.requirePlainWords();
        if (stage.isPrior()) {
            Tensors prompt = TextPrior.inputs(begin.encoded(Port.COND));
            float scale = begin.request().guidanceScale();
            return row(
                    begin,
                    ClassifierFreeGuidance.isGuided(scale)
                            ? new ClassifierFreeGuidance(prompt, TextPrior.inputs(begin.encoded(Port.UNCOND)), scale, 0)
                            : Guider.none(prompt));
        }
        begin.passOverEarlier();
        return stage.network().equals(DECODER) ? decode(begin) : enlarge(begin);
    }

    private static Row row(Begin begin, Guider guider) {
        RowStart start = RowStart.fromNoise(begin.sampler(), begin.sample(), begin.noise());
        return new Row(begin.sampler(), start, begin.noise(), guider);
    }

    /** The branch without the picture has a learned embedding in its place. */
    private static Row decode(Begin begin) {
        float[] made = begin.given().get(Port.LATENT.name()).values();
        return row(begin, begin.guider(picture(made, 0), picture(new float[made.length], 1)));
    }

    private static Tensors picture(float[] embedding, int absent) {
        return Tensors.of(Tensors.IMAGE_EMBEDS, HostTensor.of(embedding, embedding.length))
                .with(Tensors.IMAGE_ABSENT, HostTensor.number(absent));
    }

    private static Row enlarge(Begin begin) {
        HostTensor small = begin.given().get(Port.LATENT.name());
        if (small.rank() != 3 || small.side(0) != COLORS) {
            throw new IllegalArgumentException("a picture of %s is not [3, height, width]".formatted(small.shape()));
        }
        LatentShape sample = begin.sample();
        float[] clamped = small.values().clone();
        for (int i = 0; i < clamped.length; i++) {
            clamped[i] = Math.min(Math.max(clamped[i], -1), 1);
        }
        float[] enlarged = Interpolation.BICUBIC_ANTIALIASED.resize(
                new LatentShape(COLORS, small.side(1), small.side(2)), clamped, sample.height(), sample.width());
        return row(
                begin,
                Guider.none(
                        Tensors.of(Tensors.CONCAT, HostTensor.of(enlarged, COLORS, sample.height(), sample.width()))));
    }
}
