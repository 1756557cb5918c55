package dev.weir.engine.pipeline;

import dev.weir.engine.ComponentConfig;
import dev.weir.engine.HostTensor;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.network.Networks;
import dev.weir.engine.prompt.Words;
import dev.weir.engine.sampler.Samplers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A {@link StableDiffusionXl} with its refiner in the folder {@code refiner}: a second UNet does the last steps of the schedule. It
 * reads the states of the base's second text encoder, as diffusers' guide shares it, and is told an aesthetic score instead of a
 * size. diffusers runs the two as two pipelines.
 */
final class RefinedStableDiffusionXl implements ExtendedPipeline {

    private static final String REFINER = "refiner";
    private static final String REFINER_UNET = "refiner/unet";
    private static final String REFINER_SCHEDULER = "refiner/scheduler";
    private static final double USUAL_START = 0.8;
    private static final int NUMBERS = 5;

    private final StableDiffusionXl base = new StableDiffusionXl();

    @Override
    public PipelineType base() {
        return base;
    }

    @Override
    public String unet() {
        return REFINER_UNET;
    }

    @Override
    public String scheduler() {
        return REFINER_SCHEDULER;
    }

    /** Published refiners do, and say so in an index of their own, which need not be copied with their parts. */
    @Override
    public boolean readsEmptyPrompt(PipelineIndex index) {
        Path own = index.home(REFINER).resolve("model_index.json");
        return !Files.isRegularFile(own)
                || !JsonFile.read(own).path("force_zeros_for_empty_prompt").asBoolean(true);
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        Pipeline plain = base.describe(index, settings);
        var model = base.model(index, settings);
        ComponentConfig refiner = model.config(REFINER_UNET);
        requireFit(model, refiner);
        Samplers.defaultName(index.scheduler(REFINER_SCHEDULER));
        Sizes sizes = model.sizes(1 << refiner.halvings());
        return new Pipeline(
                this,
                plain.latent(),
                plain.scale(),
                sizes,
                plain.upsampleFactor(),
                plain.guidanceScale(),
                plain.zeroNegative(),
                plain.workflows().stream()
                        .map(workflow ->
                                workflow.name().equals(Workflow.TEXT_TO_IMAGE) ? refined(workflow, sizes) : workflow)
                        .toList());
    }

    private static Workflow refined(Workflow plain, Sizes sizes) {
        List<Field> fields = new ArrayList<>(plain.fields());
        fields.add(Field.refinerStart(USUAL_START));
        List<StageSpec> stages = new ArrayList<>(plain.stages());
        stages.add(stages.size() - 1, StageSpec.refine(REFINER_UNET, REFINER_SCHEDULER));
        return new Workflow(plain.name(), List.copyOf(fields), sizes, List.copyOf(stages));
    }

    private static void requireFit(LatentModel model, ComponentConfig refiner) {
        LatentModel.requireKnown(refiner);
        LatentModel.requireInputs(refiner, Set.of(StableDiffusionXl.TEXT_EMBEDS, StableDiffusionXl.TIME_IDS));
        LatentModel.requireLabels(refiner, false);
        int latent = model.latentChannels();
        LatentModel.require(refiner, "in_channels", refiner.count("in_channels"), latent, "the vae's latents");
        LatentModel.require(refiner, "out_channels", refiner.count("out_channels"), latent, "the vae's latents");
        LatentModel.require(
                refiner,
                "cross_attention_dim",
                refiner.count("cross_attention_dim"),
                model.config(StableDiffusionXl.TEXT_ENCODER_2).count("hidden_size"),
                "the second text encoder's states");
        boolean isScored = Networks.inputs(refiner.json()).stream()
                .anyMatch(input -> input.name().equals(StableDiffusionXl.TIME_IDS)
                        && input.shape().equals(List.of(NUMBERS)));
        if (!isScored) {
            throw new ModelException(
                    "%s: projection_class_embeddings_input_dim has no room for an aesthetic score: this is no refiner of SDXL"
                            .formatted(refiner.file()));
        }
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        if (!stage.takesOver()) {
            return base.begin(stage, begin);
        }
        HostTensor latent = begin.given().get(Port.LATENT.name());
        if (latent.values().length != begin.sample().size()) {
            throw new IllegalArgumentException("latent of %s is not of %s".formatted(latent.shape(), begin.sample()));
        }
        Begin own = begin.of(seen(Port.COND, begin).with(seen(Port.UNCOND, begin)));
        Request request = begin.request();
        return new Row(
                begin.sampler(),
                RowStart.fromLatent(latent),
                begin.noise(),
                own.guider(
                        scored(request, request.scores().positive()),
                        scored(request, request.scores().negative())));
    }

    /** What the second text encoder gave for a prompt: the last columns of all states. */
    private static Tensors seen(Port port, Begin begin) {
        int width = begin.taken().stream()
                .filter(input -> input.name().equals(Tensors.ENCODER_HIDDEN_STATES))
                .map(NetworkInput::shape)
                .mapToInt(shape -> shape.get(1))
                .findFirst()
                .orElseThrow();
        Tensors encoded = begin.encoded(port);
        Map<String, HostTensor> seen = new LinkedHashMap<>();
        Words words = begin.words();
        int texts =
                (port == Port.COND ? words.prompt() : words.negative()).texts().size();
        for (int text = 0; text < texts; text++) {
            String number = text == 0 ? "" : text + "/";
            Tensors own = encoded.in(number);
            for (String name : List.of(Tensors.ENCODER_HIDDEN_STATES, StableDiffusionXl.TEXT_EMBEDS)) {
                own.find(JoinedTextEncoder.EMPTY + name)
                        .or(() -> own.find(name))
                        .ifPresent(tensor -> seen.put(
                                port.name() + "/" + number + name,
                                tensor.rank() == 2 ? lastColumns(tensor, width) : tensor));
            }
        }
        return new Tensors(seen);
    }

    private static HostTensor lastColumns(HostTensor states, int width) {
        int tokens = states.side(0);
        int all = states.side(1);
        float[] values = new float[tokens * width];
        for (int token = 0; token < tokens; token++) {
            System.arraycopy(states.values(), (token + 1) * all - width, values, token * width, width);
        }
        return HostTensor.of(values, tokens, width);
    }

    private static Tensors scored(Request request, float score) {
        return Tensors.of(
                StableDiffusionXl.TIME_IDS,
                HostTensor.of(
                        new float[] {
                            request.originalHeight(),
                            request.originalWidth(),
                            request.cropTop(),
                            request.cropLeft(),
                            score
                        },
                        NUMBERS));
    }
}
