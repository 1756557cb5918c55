package dev.weir.engine.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ImageCodec;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.ClassifierFreeGuidance;
import dev.weir.engine.diffusion.Guider;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.network.ClipOutput;
import dev.weir.engine.pipeline.Component.Use;
import dev.weir.engine.sampler.FlowTable;
import dev.weir.engine.sampler.SchedulerConfig;
import dev.weir.engine.sampler.StrengthCount;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Z-Image (2025, arXiv 2511.22699), and Z-Image-Turbo, which draws in few steps without guidance: a transformer that sees what a language
 * model makes of the prompt as a user's message. A guidance scale of 0 is none, as in its pipeline; it counts from the prompt's output on.
 */
final class ZImageDiffusion implements PipelineType {

    private static final String NAME = "ZImagePipeline";
    private static final String ENCODER = "text_encoder";
    private static final String TOKENIZER = "tokenizer";
    private static final int TOKENS = 512;
    private static final int SHORT_PROMPT = 32;
    private static final int PATCH = 2;
    private static final int LATENT_SIDE = 128;
    private static final int USUAL_PLACES = 512;
    private static final double STRENGTH = 0.6;
    private static final double INPAINTING_STRENGTH = 1;

    /** Above that of the fast model, whose levels are less shifted to the noise. The folders tell the two apart by nothing else. */
    private static final double LEAST_SHIFT = 4;

    /** ComfyUI has one shift for the fast model and the slow one. */
    private static final FlowTable COMFY_LEVELS = new FlowTable(3, 1000);

    private static final int STEPS = 50;
    private static final int TURBO_STEPS = 8;
    private static final float GUIDANCE = 5;

    /** A transformer that reads a language model's states is not held to the syntaxes of other tools. */
    private static final Set<String> NOT_TAKEN = Set.of("prompt_syntax", "guidance_rescale");

    @Override
    public List<String> classNames() {
        return List.of(NAME, "ZImageImg2ImgPipeline", "ZImageInpaintPipeline");
    }

    @Override
    public String about() {
        return "Z-Image (%s)".formatted(NAME);
    }

    @Override
    public List<Component> components() {
        return List.of(
                new Component(TOKENIZER, Use.TOKENIZER),
                new Component(ENCODER, Use.TEXT_ENCODER, List.of(TOKENIZER)),
                new Component(TransformerModel.TRANSFORMER, Use.DENOISER, List.of(TransformerModel.SCHEDULER)),
                new Component(TransformerModel.SCHEDULER, Use.SCHEDULER),
                new Component(TransformerModel.VAE, Use.AUTOENCODER));
    }

    @Override
    public List<TextPart> texts() {
        return List.of(new TextPart(ENCODER, TOKENIZER, ClipOutput.PENULTIMATE, OptionalInt.of(TOKENS)));
    }

    @Override
    public int promptTokens() {
        return SHORT_PROMPT;
    }

    @Override
    public int steps(PipelineIndex index) {
        return isTurbo(index) ? TURBO_STEPS : STEPS;
    }

    private static boolean isTurbo(PipelineIndex index) {
        JsonNode scheduler = index.scheduler(TransformerModel.SCHEDULER).keys();
        return scheduler.has("shift")
                && scheduler.get("shift").asDouble() < LEAST_SHIFT
                && !scheduler.path("use_dynamic_shifting").asBoolean();
    }

    @Override
    public JsonNode configured(String component, JsonNode file) {
        return component.equals(TransformerModel.VAE) ? TransformerModel.shifted(file) : file;
    }

    @Override
    public SchedulerConfig scheduler(SchedulerConfig file, String indexClass) {
        return file.as(indexClass).withEvenLevels().withComfyLevels(COMFY_LEVELS);
    }

    @Override
    public boolean guidesFromPrompt() {
        return true;
    }

    @Override
    public OptionalInt tokens(LatentShape latent) {
        return OptionalInt.of(TransformerModel.tokens(latent, PATCH));
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        var model = new TransformerModel(index, settings, texts());
        model.require("cap_feat_dim", 2560, ENCODER, "hidden_size");
        model.requireLatents("in_channels", 16, model.latentChannels());
        JsonNode places = model.transformer().json().path("axes_lens");
        int side = Math.min(places.path(1).asInt(USUAL_PLACES), places.path(2).asInt(USUAL_PLACES));
        Sizes sizes = model.sizes(LATENT_SIDE, PATCH).upTo(side * PATCH * model.scale());
        var all = new LatentWorkflows(
                StageSpec.encode(List.of(ENCODER)),
                StageSpec.diffuse(TransformerModel.TRANSFORMER, TransformerModel.SCHEDULER)
                        .counting(StrengthCount.PARTIAL_STEP),
                StageSpec.decode(TransformerModel.VAE),
                STRENGTH,
                INPAINTING_STRENGTH);
        List<Workflow> workflows = all.ofSampleAlone(Field.ofText(0), sizes).stream()
                .map(workflow -> workflow.without(NOT_TAKEN))
                .toList();
        return new Pipeline(
                this,
                model.latent(LATENT_SIDE),
                model.scale(),
                sizes,
                1,
                isTurbo(index) ? 0 : GUIDANCE,
                false,
                workflows);
    }

    @Override
    public Tensors see(PictureInput input, ImageCodec codec) {
        return SeenPicture.see(input, codec);
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        begin.requirePlainWords();
        return SeenPicture.begin(begin, guider(begin));
    }

    /** {@code prompt + scale * (prompt - negative)}, which is guidance as others count it by one more. */
    private static Guider guider(Begin begin) {
        float scale = begin.request().guidanceScale();
        Tensors prompt = begin.branch(Port.COND);
        if (scale == 0) {
            return Guider.none(prompt);
        }
        if (scale < 0) {
            throw new IllegalArgumentException("guidance_scale %s is below 0, which is none".formatted(scale));
        }
        var guided = new ClassifierFreeGuidance(prompt, begin.branch(Port.UNCOND), scale + 1, 0);
        return begin.inInterval(guided, Guider.none(prompt));
    }
}
