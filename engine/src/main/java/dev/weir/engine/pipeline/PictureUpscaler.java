package dev.weir.engine.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComponentConfig;
import dev.weir.engine.HostTensor;
import dev.weir.engine.ImageCodec;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.UnitImage;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.image.Filter;
import dev.weir.engine.pipeline.Component.Use;
import dev.weir.engine.sampler.NoiseSchedule;
import java.util.ArrayList;
import java.util.List;

/**
 * Stable Diffusion's x4 upscaler: its network sees the picture's own pixels with noise beside its latents, which are as large as the
 * picture, and is told how much noise that is.
 */
final class PictureUpscaler implements OneTextPipeline {

    private static final String NAME = "StableDiffusionUpscalePipeline";
    private static final String LOW_RES_SCHEDULER = "low_res_scheduler";
    static final String PIXELS = Port.IMAGE.name() + "/pixels";
    private static final int COLORS = 3;
    private static final float GUIDANCE = 9;
    private static final int STEPS = 75;
    private static final int NOISE_LEVEL = 20;
    private static final String MOST_NOISE = "max_noise_level";
    private static final int MOST_NOISE_LEVEL = 350;
    private static final double SCALING_FACTOR = 0.08333;

    @Override
    public List<String> classNames() {
        return List.of(NAME);
    }

    @Override
    public String about() {
        return "x4 upscalers of Stable Diffusion (%s)".formatted(NAME);
    }

    @Override
    public List<Component> components() {
        List<Component> components = new ArrayList<>(OneTextPipeline.super.components());
        // The noise of the picture is an input of the UNet, so its schedule belongs to the UNet's fingerprint.
        components.replaceAll(component -> component.folder().equals(UNET)
                ? new Component(UNET, Use.DENOISER, List.of(SCHEDULER, LOW_RES_SCHEDULER))
                : component);
        components.add(new Component(LOW_RES_SCHEDULER, Use.SCHEDULER));
        return List.copyOf(components);
    }

    @Override
    public List<String> settings() {
        return List.of(MOST_NOISE);
    }

    @Override
    public int steps(PipelineIndex index) {
        return STEPS;
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        var model = model(index, settings);
        model.requireFit(COLORS, true, 0);
        int factor = model.scale();
        var sizes = model.sizes(factor);
        List<Field> fields = new ArrayList<>(Field.ofText(Field.of("prompt"), model.maxClipSkip()));
        fields.add(Field.needed(Field.INIT_IMAGE));
        fields.add(noiseLevel(index, model.unet()));
        var stages = OneTextPipeline.stages(
                StageSpec.see(VAE).reducedBy(factor), StageSpec.diffuse(UNET, SCHEDULER, LOW_RES_SCHEDULER));
        return new Pipeline(
                this,
                model.latent(),
                factor,
                sizes,
                1,
                GUIDANCE,
                false,
                List.of(new Workflow(Workflow.UPSCALING, List.copyOf(fields), sizes, stages)));
    }

    private static Field noiseLevel(PipelineIndex index, ComponentConfig unet) {
        int levels = index.scheduler(LOW_RES_SCHEDULER).trainTimesteps();
        int most = Math.min(
                index.json().path(MOST_NOISE).asInt(MOST_NOISE_LEVEL),
                Math.min(levels, unet.count("num_class_embeds", levels)) - 1);
        return Field.noiseLevel(most, Math.min(NOISE_LEVEL, most));
    }

    /** diffusers 0.35.2 takes this factor whatever the autoencoder's file says (pipeline_stable_diffusion_upscale.py). */
    @Override
    public JsonNode configured(String component, JsonNode file) {
        return component.equals(VAE) ? scaled(file) : file;
    }

    static JsonNode scaled(JsonNode autoencoder) {
        return scaled(autoencoder, SCALING_FACTOR);
    }

    static JsonNode scaled(JsonNode autoencoder, double factor) {
        return ((ObjectNode) autoencoder.deepCopy()).put("scaling_factor", factor);
    }

    @Override
    public PictureInput input(Sight sight, int scale) {
        return sight.input(Filter.BICUBIC);
    }

    @Override
    public Tensors see(PictureInput input, ImageCodec codec) {
        return pixels(input);
    }

    /** As they are. */
    static Tensors pixels(PictureInput input) {
        UnitImage picture = input.seen();
        return Tensors.of(PIXELS, HostTensor.of(picture.values(), COLORS, picture.height(), picture.width()));
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        RowStart start = RowStart.augmented(
                begin.sampler(),
                begin.sample(),
                NoiseSchedule.of(begin.augmentation()),
                begin.given().get(PIXELS),
                begin.request().noiseLevel().orElseThrow(() -> new IllegalArgumentException("noise_level is missing")),
                begin.noise());
        return new Row(begin.sampler(), start, begin.noise(), begin.guider());
    }
}
