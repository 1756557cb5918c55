package dev.weir.engine.pipeline;

import dev.weir.engine.ComponentConfig;
import dev.weir.engine.HostTensor;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.ClassifierFreeGuidance;
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
 * Text to image by Stable Diffusion 2.1 unCLIP: a prior makes the embedding of a picture of the prompt, and the decoder makes a
 * picture of the embedding and the prompt.
 */
final class PromptedUnclip implements OneTextPipeline {

    private static final String NAME = "StableUnCLIPPipeline";
    private static final String PRIOR = "prior";
    private static final String PRIOR_SCHEDULER = "prior_scheduler";
    private static final TextPart PRIOR_TEXT =
            new TextPart("prior_text_encoder", "prior_tokenizer", ClipOutput.TRIMMED);

    @Override
    public List<String> classNames() {
        return List.of(NAME);
    }

    @Override
    public String about() {
        return "text to image with a prior (%s)".formatted(NAME);
    }

    @Override
    public List<Component> components() {
        List<Component> components = new ArrayList<>(List.of(
                new Component(PRIOR_TEXT.tokenizer(), Use.TOKENIZER),
                new Component(PRIOR_TEXT.encoder(), Use.TEXT_ENCODER, List.of(PRIOR_TEXT.tokenizer())),
                new Component(PRIOR, Use.DENOISER, List.of(PRIOR_SCHEDULER)),
                new Component(PRIOR_SCHEDULER, Use.SCHEDULER)));
        components.addAll(UnclipDecoder.noiseComponents());
        components.addAll(OneTextPipeline.super.components());
        return List.copyOf(components);
    }

    @Override
    public Optional<TextPart> priorText() {
        return Optional.of(PRIOR_TEXT);
    }

    @Override
    public Optional<VisionPart.Noise> priorNoise() {
        return Optional.of(UnclipDecoder.NOISE);
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        var model = model(index, settings);
        model.requireFit(Set.of(Tensors.CLASS_LABELS));
        model.requireNoPicture();
        ComponentConfig prior = model.config(PRIOR);
        TextPrior.requireFit(prior, model.config(PRIOR_TEXT.encoder()));
        UnclipDecoder.requireFit(model, prior.count("embedding_dim", 768), "the prior's embedding");
        var priorSchedule = index.scheduler(PRIOR_SCHEDULER);
        Samplers.defaultName(priorSchedule);
        var fields = new ArrayList<>(Field.ofText(model.maxClipSkip()));
        fields.addAll(List.of(
                UnclipDecoder.noiseLevel(index),
                Field.priorSteps(priorSchedule.trainTimesteps()),
                Field.priorGuidanceScale()));
        var sizes = model.sizes(1);
        var workflow = new Workflow(
                Workflow.TEXT_TO_IMAGE,
                List.copyOf(fields),
                sizes,
                List.of(
                        StageSpec.encode(List.of(TEXT_ENCODER, PRIOR_TEXT.encoder())),
                        StageSpec.prior(PRIOR, PRIOR_SCHEDULER),
                        StageSpec.diffuse(UNET, SCHEDULER).taking(Port.LATENT),
                        StageSpec.decode(VAE)));
        return new Pipeline(
                this, model.latent(), model.scale(), sizes, 1, UnclipDecoder.GUIDANCE, false, List.of(workflow));
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        begin.requirePlainWords(); // There is one embedding of the prompt.
        if (stage.isPrior()) {
            RowStart start = RowStart.fromNoise(begin.sampler(), begin.sample(), begin.noise());
            return new Row(begin.sampler(), start, begin.noise(), priorGuider(begin));
        }
        HostTensor embedding = begin.given().get(Port.LATENT.name());
        begin.passOverPrior(embedding.values().length);
        int level = begin.request().noiseLevel().orElse(0);
        return UnclipDecoder.begin(begin, begin.embeddingNoise().orElseThrow().of(embedding.values(), level));
    }

    private static Guider priorGuider(Begin begin) {
        Tensors encoded = begin.encoded(Port.COND);
        Tensors prompt = TextPrior.inputs(encoded.in(PriorTextEncoder.PRIOR));
        float guidance = begin.request().guidanceScale();
        return ClassifierFreeGuidance.isGuided(guidance)
                ? new ClassifierFreeGuidance(prompt, TextPrior.inputs(encoded.in(PriorTextEncoder.EMPTY)), guidance, 0)
                : Guider.none(prompt);
    }
}
